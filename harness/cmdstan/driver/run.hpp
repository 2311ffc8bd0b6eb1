// Everything that a method needs to run, and the methods.
#ifndef DRIVER_RUN_HPP
#define DRIVER_RUN_HPP

#include "arguments.hpp"
#include "inputs.hpp"

#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/json_writer.hpp>
#include <stan/callbacks/logger.hpp>
#include <stan/callbacks/unique_stream_writer.hpp>
#include <stan/callbacks/writer.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace stan::model {
class model_base;
}

namespace driver {

using CsvWriter = stan::callbacks::unique_stream_writer<std::ofstream>;
using JsonWriter = stan::callbacks::json_writer<std::ofstream>;

// One writer of each sort per chain; those that write nothing have no stream.
struct Outputs {
  std::vector<CsvWriter> draws;
  std::vector<CsvWriter> diagnostics;
  std::vector<JsonWriter> diagnostic_records;
  std::vector<JsonWriter> metrics;
};

struct Run {
  const Argument& table;
  const Argument& method;  // the arguments of the method in force
  stan::model::model_base& model;
  unsigned int n_chains;
  Outputs outputs;

  // Where the chains start: from these values, and for what they leave out, at random within
  // the radius.
  std::vector<Context> inits;
  double init_radius;

  stan::callbacks::logger& logger;
  stan::callbacks::interrupt interrupt = {};
  // The services can record the initial values; the command line has no argument for it.
  std::vector<stan::callbacks::writer> init_writers = std::vector<stan::callbacks::writer>(n_chains);

  unsigned int seed() const { return table["random"]["seed"].seed(); }
  unsigned int id() const { return static_cast<unsigned int>(table["id"].integer()); }
  int refresh() const { return table["output"]["refresh"].integer(); }
  int sig_figs() const { return table["output"]["sig_figs"].integer(); }
  const std::string& output_file() const { return table["output"]["file"].text(); }
};

// Each returns an error code of Stan's services, zero for success.
int run_sample(Run& run);
int run_optimize(Run& run);
int run_variational(Run& run);
int run_diagnose(Run& run);
int run_generate_quantities(Run& run);
int run_pathfinder(Run& run);
int run_log_prob(Run& run);
int run_laplace(Run& run);

}  // namespace driver

#endif

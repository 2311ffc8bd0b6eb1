#include "command.hpp"

#include "argument_parser.hpp"
#include "argument_text.hpp"
#include "outputs.hpp"
#include "profile.hpp"
#include "run.hpp"

#include <stan/callbacks/stream_logger.hpp>
#include <stan/callbacks/stream_writer.hpp>
#include <stan/math/prim/core/init_threadpool_tbb.hpp>
#include <stan/model/model_base.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>

// Defined by the code that stanc generates for the model.
stan::model::model_base& new_model(stan::io::var_context& data, unsigned int seed,
                                   std::ostream* messages);

namespace driver {
namespace {

void start_threads(int n_threads) {
  const int from_environment = stan::math::internal::get_num_threads();
  if (from_environment != n_threads && from_environment != 1) {
    throw std::invalid_argument("STAN_NUM_THREADS= " + std::to_string(from_environment)
                                + " but argument num_threads= " + std::to_string(n_threads)
                                + ". Please either only set one or make sure they are equal.");
  }
  stan::math::init_threadpool_tbb(n_threads);
}

unsigned int count_chains(const Argument& method) {
  if (method.name == "pathfinder") {
    return method["num_paths"].integer();
  }
  if (method.name != "sample" && method.name != "generate_quantities") {
    return 1;
  }
  const int n_chains = method["num_chains"].integer();
  if (n_chains > 1 && method.name == "sample" && method["algorithm"].selects("hmc")
      && method["algorithm"]["hmc"]["engine"].selects("static")) {
    throw std::invalid_argument(
        "Argument 'num_chains' is unavailable for the 'static' HMC engine.");
  }
  return n_chains;
}

struct Start {
  std::vector<Context> inits;
  double radius;
};

// `init` is a radius if it starts as a number, else the name of a file.
Start read_start(const std::string& init, unsigned int n_chains, unsigned int first_id) {
  try {
    return {read_contexts("", n_chains, first_id), std::stod(init)};
  } catch (const std::logic_error&) {
    return {read_contexts(init, n_chains, first_id), 2};
  }
}

int run_method(Run& run) {
  static const std::map<std::string, int (*)(Run&)> methods{
      {"sample", run_sample},
      {"optimize", run_optimize},
      {"variational", run_variational},
      {"diagnose", run_diagnose},
      {"generate_quantities", run_generate_quantities},
      {"pathfinder", run_pathfinder},
      {"log_prob", run_log_prob},
      {"laplace", run_laplace}};
  return methods.at(run.method.name)(run);
}

}  // namespace

int command(const std::string& program, const std::vector<std::string>& words) {
  stan::callbacks::stream_writer info(std::cout);
  stan::callbacks::stream_writer error(std::cerr);
  Argument table = argument_table();
  const Parsed parsed = parse(table, program, words, info, error);
  if (parsed != Parsed::run) {
    return parsed == Parsed::told ? 0 : 1;
  }
  const Argument& method = table["method"].selected();
  start_threads(table["num_threads"].integer());
  const unsigned int n_chains = count_chains(method);
  check_output_files(table);
  echo(table, info);
  info();

  const Context data = read_context(table["data"]["file"].text());
  const std::unique_ptr<stan::model::model_base> model(
      &new_model(*data, table["random"]["seed"].seed(), &std::cout));
  Outputs outputs = open_outputs(table, n_chains);
  Start start = read_start(table["init"].text(), n_chains, table["id"].integer());
  write_heads(table, *model, outputs);

  stan::callbacks::stream_logger logger(std::cout, std::cout, std::cout, std::cerr, std::cerr);
  Run run{table,    method, *model, n_chains, std::move(outputs), std::move(start.inits),
          start.radius, logger};
  const int code = run_method(run);
  write_profile(table["output"]);
  return code;
}

}  // namespace driver

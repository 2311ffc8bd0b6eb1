// The process of a program: new_model() is where CmdStan's own main, having read the data, makes the model.  When the
// environment names two pipes, the process obeys commands there instead of going on; otherwise it is CmdStan's.
#ifndef HARNESS_SERVE_HPP
#define HARNESS_SERVE_HPP

#include "filed_program.hpp"
#include "program.hpp"
#include "server.hpp"
#include "subsample.hpp"

#include <stan/io/var_context.hpp>

#include <cstdlib>
#include <iostream>

namespace harness {

// The seed of transformed data: the data's own if they have one, so that all fits to them see the same.
inline unsigned int data_seed(const stan::io::var_context& data, unsigned int otherwise) {
  const std::string name = "harness_data_seed";
  return data.contains_i(name) ? static_cast<unsigned int>(data.vals_i(name).at(0)) : otherwise;
}

// Of the rows that the data have, which stand for those in files, nothing stays.
template <typename Model>
void serve_files(std::unique_ptr<Model> model, const Axes<Model>& axes, const RowsFiles& files,
                 const stan::io::var_context& data, unsigned int seed, const char* pipes) {
  const Axis<Model>& axis = *axes.at(files.axis);
  const std::unique_ptr<Block> none = axis.gather(*model, {});
  axis.exchange(*model, *none);
  serve(FiledProgram<Model>(std::move(model), axes, files, data, seed), pipes);
}

template <typename Model>
stan::model::model_base& make_model(stan::io::var_context& data, unsigned int seed, std::ostream* messages,
                                    Axes<Model> (*axes)()) {
  const char* const pipes = std::getenv("HARNESS_DENSITY");
  if (pipes) {
    std::cout << "\n[harness]" << std::endl;  // what follows is the program's own
  }
  auto model = std::make_unique<Model>(data, data_seed(data, seed), messages);
  std::unique_ptr<stan::model::model_base> part;
  if (asks_for_subsample(data)) {
    part = subsample(std::move(model), axes(), data);
  }
  if (pipes) {
    std::cout.flush();
    if (const char* const manifest = std::getenv("HARNESS_ROWS_FILES")) {
      serve_files(std::move(model), axes(), RowsFiles(manifest), data, data_seed(data, seed), pipes);
    } else if (part) {
      serve(ModelTarget(*part), pipes);
    } else {
      serve(Program<Model>(std::move(model), axes()), pipes);
    }
    std::cout.flush();
    std::_Exit(0);
  }
  return part ? *part.release() : *model.release();
}

}  // namespace harness

#endif

// The process of a program: new_model() is where CmdStan's own main, having read the data, makes the model.  When the
// environment names two pipes, the process obeys commands there instead of going on; otherwise it is CmdStan's.
#ifndef HARNESS_SERVE_HPP
#define HARNESS_SERVE_HPP

#include "program.hpp"
#include "row_commands.hpp"

#include <stan/io/var_context.hpp>

#include <cstdio>
#include <iostream>

namespace harness {

inline Message answer(Session& session, const Request& request) {
  try {
    const auto command = commands().find(request.command);
    if (command == commands().end()) {
      throw std::invalid_argument("there is no command " + request.command);
    }
    return command->second(session, request);
  } catch (const std::exception& e) {
    return {std::string("error ") + e.what(), {}};
  }
}

inline void serve(const Target& target, const char* pipes) {
  int in = -1, out = -1;
  if (std::sscanf(pipes, "%d %d", &in, &out) != 2) {
    return;
  }
  Session session(target, Wire(in, out));
  session.wire.send({"ready dimension=" + std::to_string(target.dimension())
                         + " threads=" + std::to_string(target.has_threads())
                         + " exact_curvature=" + std::to_string(target.has_exact_curvature()),
                     {}});
  for (Message message; session.wire.receive(message);) {
    session.wire.send(answer(session, Request(std::move(message))));
  }
}

// The seed of transformed data: the data's own if they have one, so that all fits to them see the same.
inline unsigned int data_seed(const stan::io::var_context& data, unsigned int otherwise) {
  const std::string name = "harness_data_seed";
  return data.contains_i(name) ? static_cast<unsigned int>(data.vals_i(name).at(0)) : otherwise;
}

template <typename Model>
stan::model::model_base& make_model(stan::io::var_context& data, unsigned int seed, std::ostream* messages,
                                    Axes<Model> (*axes)()) {
  const char* const pipes = std::getenv("HARNESS_DENSITY");
  if (pipes) {
    std::cout << "\n[harness]" << std::endl;  // what follows is the program's own
  }
  auto model = std::make_unique<Model>(data, data_seed(data, seed), messages);
  if (pipes) {
    std::cout.flush();
    serve(Program<Model>(std::move(model), axes()), pipes);
    std::cout.flush();
    std::_Exit(0);
  }
  return *model.release();
}

}  // namespace harness

#endif

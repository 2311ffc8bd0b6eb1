// All that works on a Target and knows no program: compiled once, and linked into every executable.
#include "commands.hpp"
#include "row_commands.hpp"
#include "sampling.hpp"
#include "server.hpp"
#include "vi_commands.hpp"

#include <cstdio>

namespace harness {

namespace {

Message answer(Session& session, const Request& request) {
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

}  // namespace

void serve(const Target& target, const char* pipes) {
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

}  // namespace harness

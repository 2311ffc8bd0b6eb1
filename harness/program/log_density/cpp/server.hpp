// Obeys commands about a program; server.cpp, which no program compiles again, has it.
#ifndef HARNESS_SERVER_HPP
#define HARNESS_SERVER_HPP

#include "target.hpp"

namespace harness {

// Reads and answers at the two pipes that a text names, until whoever asks is gone.
void serve(const Target& target, const char* pipes);

}  // namespace harness

#endif

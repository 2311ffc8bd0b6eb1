// The times of the program's `profile` blocks.
#ifndef DRIVER_PROFILE_HPP
#define DRIVER_PROFILE_HPP

#include "arguments.hpp"

namespace driver {

// Writes the profile file if the program has profile blocks.
void write_profile(const Argument& output);

}  // namespace driver

#endif

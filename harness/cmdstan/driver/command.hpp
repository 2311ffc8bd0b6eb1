// A whole run of the command line, from its words to its exit code.
#ifndef DRIVER_COMMAND_HPP
#define DRIVER_COMMAND_HPP

#include <string>
#include <vector>

namespace driver {

// Zero for success. Throws std::exception for input that cannot be used.
int command(const std::string& program, const std::vector<std::string>& words);

}  // namespace driver

#endif

#include "command.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <system_error>

int main(int argc, const char* argv[]) {
  try {
    return driver::command(argv[0], {argv + 1, argv + argc}) == 0 ? 0 : 1;
  } catch (const std::system_error& e) {
    // Streams throw these, and only errno knows why.
    std::cerr << e.what() << ": " << std::strerror(errno) << std::endl;
  } catch (const std::exception& e) {
    std::cerr << e.what() << std::endl;
  }
  return 1;
}

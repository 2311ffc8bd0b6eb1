// Reads the words of a command line into the table of arguments.
#ifndef DRIVER_ARGUMENT_PARSER_HPP
#define DRIVER_ARGUMENT_PARSER_HPP

#include "arguments.hpp"

#include <stan/callbacks/writer.hpp>

#include <string>
#include <vector>

namespace driver {

enum class Parsed {
  run,     // a method and its arguments were understood
  told,    // help or information was asked for and printed
  refused  // what is wrong was printed
};

Parsed parse(Argument& table, const std::string& program, const std::vector<std::string>& words,
             stan::callbacks::writer& info, stan::callbacks::writer& error);

}  // namespace driver

#endif

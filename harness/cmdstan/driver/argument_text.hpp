// The table of arguments in words: the echo of a run, its JSON record, and help.
#ifndef DRIVER_ARGUMENT_TEXT_HPP
#define DRIVER_ARGUMENT_TEXT_HPP

#include "arguments.hpp"

#include <stan/callbacks/structured_writer.hpp>
#include <stan/callbacks/writer.hpp>

#include <string>
#include <vector>

namespace driver {

// One line per argument in force, for the console and the head of the CSV files.
void echo(const Argument& table, stan::callbacks::writer& out);

// The same as members of the JSON record that is open.
void record(const Argument& table, stan::callbacks::structured_writer& out);

void print_help(const Argument& argument, stan::callbacks::writer& out, int depth, bool recurse);
void print_all_help(const Argument& table, stan::callbacks::writer& out);
void print_usage(const Argument& table, const std::string& program, stan::callbacks::writer& out);

// Every place in the tree where an argument of that name may stand, as one would type it.
void find_places(const Argument& argument, const std::string& name, const std::string& prefix,
                 std::vector<std::string>& places);

}  // namespace driver

#endif

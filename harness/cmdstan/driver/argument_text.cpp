#include "argument_text.hpp"

#include <iomanip>
#include <sstream>

namespace driver {
namespace {

std::string indent(int depth) { return std::string(2 * depth, ' '); }

void echo_at(const Argument& argument, stan::callbacks::writer& out, int depth) {
  const std::string head = indent(depth) + argument.name;
  switch (argument.kind) {
    case Kind::mark:
      return;
    case Kind::group:
      out(head);
      for (const Argument& each : argument.children) {
        echo_at(each, out, depth + 1);
      }
      return;
    case Kind::scalar:
    case Kind::choice:
      out(head + " = " + argument.shown() + (argument.is_default() ? " (Default)" : ""));
      if (argument.kind == Kind::choice) {
        echo_at(argument.selected(), out, depth + 1);
      }
  }
}

void record_one(const Argument& argument, stan::callbacks::structured_writer& out) {
  switch (argument.kind) {
    case Kind::mark:
      return;
    case Kind::scalar:
      std::visit([&](const auto& value) { out.write(argument.name, value); }, argument.value);
      return;
    case Kind::group:
      out.begin_record(argument.name);
      record(argument, out);
      break;
    case Kind::choice:
      out.begin_record(argument.name);
      out.write("value", argument.shown());
      record_one(argument.selected(), out);
  }
  out.end_record();
}

void help_on_value(const Argument& argument, stan::callbacks::writer& out, int depth) {
  const std::string standard = argument.kind == Kind::choice
                                   ? argument.children[argument.usual].name
                                   : argument.default_text;
  out(indent(depth) + argument.name + "=<" + argument.type_name() + ">");
  out(indent(depth + 1) + argument.description);
  out(indent(depth + 1) + "Valid values: " + argument.valid_values());
  out(indent(depth + 1) + "Defaults to " + standard);
  out();
}

void help_on_group(const Argument& argument, stan::callbacks::writer& out, int depth) {
  out(indent(depth) + argument.name);
  out(indent(depth + 1) + argument.description);
  std::string names;
  for (const Argument& each : argument.children) {
    names += (names.empty() ? " " : ", ") + each.name;
  }
  if (!names.empty()) {
    out(indent(depth + 1) + "Valid subarguments:" + names);
  }
  out();
}

void usage_line(const std::string& name, const std::string& what, stan::callbacks::writer& out) {
  std::ostringstream line;
  line << std::left << std::setw(12) << "  " + name << "  " + what;
  out(line.str());
}

}  // namespace

void echo(const Argument& table, stan::callbacks::writer& out) {
  for (const Argument& each : table.children) {
    echo_at(each, out, 0);
  }
}

void record(const Argument& table, stan::callbacks::structured_writer& out) {
  for (const Argument& each : table.children) {
    record_one(each, out);
  }
}

void print_help(const Argument& argument, stan::callbacks::writer& out, int depth, bool recurse) {
  if (argument.kind == Kind::group || argument.kind == Kind::mark) {
    help_on_group(argument, out, depth);
  } else {
    help_on_value(argument, out, depth);
  }
  if (recurse) {
    for (const Argument& each : argument.children) {
      print_help(each, out, depth + 1, true);
    }
  }
}

void print_all_help(const Argument& table, stan::callbacks::writer& out) {
  for (const Argument& each : table.children) {
    print_help(each, out, 1, true);
  }
}

void print_usage(const Argument& table, const std::string& program, stan::callbacks::writer& out) {
  const Argument& method = table.children.front();
  out("Usage: " + program
      + " <arg1> <subarg1_1> ... <subarg1_m> ... <arg_n> <subarg_n_1> ... <subarg_n_m>");
  out();
  out("Begin by selecting amongst the following inference methods and diagnostics,");
  for (const Argument& each : method.children) {
    usage_line(each.name, each.description, out);
  }
  out();
  out("Or see help information with");
  usage_line("help", "Prints help", out);
  usage_line("help-all", "Prints entire argument tree", out);
  out();
  out("Additional configuration available by specifying");
  for (const Argument& each : table.children) {
    if (each.name != method.name) {
      usage_line(each.name, each.description, out);
    }
  }
  out();
  out("See " + program + " <arg1> [ help | help-all ] for details on individual arguments.");
  out();
}

void find_places(const Argument& argument, const std::string& name, const std::string& prefix,
                 std::vector<std::string>& places) {
  const bool valued = argument.kind == Kind::scalar || argument.kind == Kind::choice;
  if (argument.name == name) {
    const std::string type = argument.kind == Kind::choice ? "list_element" : argument.type_name();
    places.push_back(prefix + argument.name + (valued ? "=<" + type + ">" : ""));
  }
  const std::string separator = argument.kind == Kind::choice ? "=" : " ";
  for (const Argument& each : argument.children) {
    find_places(each, name, prefix + argument.name + separator, places);
  }
}

}  // namespace driver

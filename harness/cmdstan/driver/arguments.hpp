// The arguments of the command line: one tree that is parsed, echoed, saved and explained.
#ifndef DRIVER_ARGUMENTS_HPP
#define DRIVER_ARGUMENTS_HPP

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace driver {

using Value = std::variant<bool, int, unsigned int, long long, double, std::string>;

// As the echo and the help show it: true, 0.05, 1e-12.
std::string to_text(const Value& value);

enum class Kind {
  scalar,  // name=value
  choice,  // name=alternative, followed by what belongs to that alternative
  group,   // name, followed by its own arguments
  mark     // an alternative without a line of its own in the echo
};

// What a scalar accepts, and the words that say so. "%" stands for the argument's name.
struct Rule {
  std::string text = "All";
  std::function<bool(double)> accepts = [](double) { return true; };
};

struct Argument {
  Kind kind;
  std::string name;
  std::string description;

  // Of a group its arguments; of a choice its alternatives.
  std::vector<Argument> children = {};

  // Of a scalar.
  Value value = {};
  Value standard = {};
  Rule rule = {};
  std::string default_text = {};
  std::optional<long long> stand_in = {};  // used and shown where the default only says "choose"

  // Of a choice: positions among the children.
  std::size_t chosen = 0;
  std::size_t usual = 0;

  // The child of that name; a name that the table lacks is an error of the program.
  const Argument& operator[](std::string_view child) const;

  // The alternative of a choice that is in force.
  const Argument& selected() const { return children.at(chosen); }
  bool selects(std::string_view alternative) const { return selected().name == alternative; }

  bool is_default() const;
  std::string shown() const;
  std::string type_name() const;
  std::string valid_values() const;

  int integer() const { return std::get<int>(value); }
  unsigned int natural() const { return std::get<unsigned int>(value); }
  double real() const { return std::get<double>(value); }
  bool flag() const { return std::get<bool>(value); }
  const std::string& text() const { return std::get<std::string>(value); }
  unsigned int seed() const;
};

// The table itself: a root whose children are `method`, `id`, `data`, ...
Argument argument_table();

}  // namespace driver

#endif

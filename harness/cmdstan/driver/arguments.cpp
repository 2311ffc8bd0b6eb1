#include "arguments.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace driver {
namespace {

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(const std::string& value) { return value; }

template <class Number>
std::string text_of(Number value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

std::string to_text(const Value& value) {
  return std::visit([](const auto& each) { return text_of(each); }, value);
}

const Argument& Argument::operator[](std::string_view child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const Argument& each) { return each.name == child; });
  if (found == children.end()) {
    throw std::logic_error("Unable to find: " + name + " " + std::string(child));
  }
  return *found;
}

bool Argument::is_default() const {
  return kind == Kind::choice ? chosen == usual : value == standard;
}

std::string Argument::shown() const {
  if (kind == Kind::choice) {
    return selected().name;
  }
  if (stand_in && is_default()) {
    return std::to_string(*stand_in);
  }
  return to_text(value);
}

std::string Argument::type_name() const {
  if (kind == Kind::choice) {
    return "list element";
  }
  // In the order of the alternatives of Value. CmdStan prints the compiler's own name, "x", for
  // the type of a seed.
  static const char* const names[] = {"boolean", "int", "unsigned int", "x", "double", "string"};
  return names[value.index()];
}

std::string Argument::valid_values() const {
  if (kind != Kind::choice) {
    const auto hole = rule.text.find('%');
    return hole == std::string::npos ? rule.text
                                     : std::string(rule.text).replace(hole, 1, name);
  }
  std::string names;
  for (const Argument& each : children) {
    names += (names.empty() ? "" : ", ") + each.name;
  }
  return names;
}

unsigned int Argument::seed() const {
  return static_cast<unsigned int>(is_default() && stand_in ? *stand_in
                                                            : std::get<long long>(value));
}

}  // namespace driver

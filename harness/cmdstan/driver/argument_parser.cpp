#include "argument_parser.hpp"

#include "argument_text.hpp"
#include "build_info.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <stdexcept>

namespace driver {
namespace {

struct Word {
  std::string whole;
  std::string name;  // up to the first "="
  std::string value;

  explicit Word(const std::string& text) : whole(text), name(text) {
    const auto equals = text.find('=');
    if (equals != std::string::npos) {
      name = text.substr(0, equals);
      value = text.substr(equals + 1);
    }
  }
};

// Numbers are read as CmdStan reads them, by the standard library's prefix conversions.
void assign(Value& target, const std::string& text) {
  struct Reader {
    const std::string& text;
    void operator()(bool& x) const {
      if (text != "true" && text != "1" && text != "false" && text != "0") {
        throw std::invalid_argument(text);
      }
      x = text == "true" || text == "1";
    }
    void operator()(int& x) const { x = std::stoi(text); }
    void operator()(unsigned int& x) const { x = static_cast<unsigned int>(std::stoul(text)); }
    void operator()(long long& x) const { x = std::stoll(text); }
    void operator()(double& x) const { x = std::stod(text); }
    void operator()(std::string& x) const { x = text; }
  };
  std::visit(Reader{text}, target);
}

double as_number(const Value& value) {
  struct Reader {
    double operator()(const std::string&) const { return 0; }
    double operator()(double x) const { return x; }
    double operator()(long long x) const { return static_cast<double>(x); }
    double operator()(unsigned int x) const { return x; }
    double operator()(int x) const { return x; }
    double operator()(bool x) const { return x; }
  };
  return std::visit(Reader{}, value);
}

class Parser {
 public:
  Parser(Argument& table, const std::vector<std::string>& words, stan::callbacks::writer& info,
         stan::callbacks::writer& error)
      : table_(table), words_(words.begin(), words.end()), info_(info), error_(error) {}

  Parsed run(const std::string& program);

 private:
  bool parse(Argument& argument);
  bool parse_group(Argument& group);
  bool parse_choice(Argument& choice);
  bool parse_scalar(Argument& scalar);
  bool parse_named(std::vector<Argument>& arguments, const Word& word, bool& fits);
  bool asked_for_help(const Argument& argument);
  bool refuse(const Argument& argument, const std::string& value);
  void name_the_method();
  void report_unknown(const Word& word);

  Argument& table_;
  std::deque<std::string> words_;
  stan::callbacks::writer& info_;
  stan::callbacks::writer& error_;
  std::set<std::string> used_;
  bool helped_ = false;
};

bool Parser::parse(Argument& argument) {
  if (words_.empty()) {
    return true;
  }
  switch (argument.kind) {
    case Kind::scalar:
      return parse_scalar(argument);
    case Kind::choice:
      return parse_choice(argument);
    case Kind::group:
      return parse_group(argument);
    case Kind::mark:
      break;
  }
  asked_for_help(argument);
  return true;
}

bool Parser::asked_for_help(const Argument& argument) {
  const bool everything = words_.front() == "help-all";
  if (!everything && words_.front() != "help") {
    return false;
  }
  print_help(argument, info_, 0, everything);
  helped_ = true;
  words_.clear();
  return true;
}

bool Parser::parse_scalar(Argument& scalar) {
  if (asked_for_help(scalar)) {
    return true;
  }
  const Word word(words_.front());
  if (word.name != scalar.name) {
    return true;
  }
  words_.pop_front();
  try {
    Value proposed = scalar.value;
    assign(proposed, word.value);
    if (scalar.rule.accepts(as_number(proposed))) {
      scalar.value = proposed;
      return true;
    }
  } catch (const std::logic_error&) {
    // Not a number, or out of range: refused below, like a value that breaks the rule.
  }
  return refuse(scalar, word.value);
}

bool Parser::parse_choice(Argument& choice) {
  const Word word(words_.front());
  if (word.name != choice.name) {
    return true;
  }
  words_.pop_front();
  for (std::size_t i = 0; i < choice.children.size(); ++i) {
    if (choice.children[i].name == word.value) {
      choice.chosen = i;
      return parse(choice.children[i]);
    }
  }
  return refuse(choice, word.value);
}

bool Parser::parse_group(Argument& group) {
  bool fits = true;
  bool valid = true;
  while (fits && valid && !words_.empty() && !asked_for_help(group)) {
    const Word word(words_.front());
    if (word.name == group.name) {
      return false;
    }
    valid = parse_named(group.children, word, fits);
  }
  return valid;
}

// Parses the one among `arguments` that the word names, and says in `fits` whether there was one.
bool Parser::parse_named(std::vector<Argument>& arguments, const Word& word, bool& fits) {
  fits = false;
  for (Argument& each : arguments) {
    fits = each.name == word.whole || each.name == word.name;
    if (fits) {
      if (each.name == word.whole) {
        words_.pop_front();
      }
      return parse(each);
    }
  }
  return true;
}

bool Parser::refuse(const Argument& argument, const std::string& value) {
  error_(value + " is not a valid value for \"" + argument.name + "\"");
  error_("  Valid values: " + argument.valid_values());
  words_.clear();
  return false;
}

// `sample` alone means `method=sample`, as long as no method has been given.
void Parser::name_the_method() {
  const Argument& method = table_.children.front();
  const bool names_one
      = std::any_of(method.children.begin(), method.children.end(),
                    [&](const Argument& each) { return each.name == words_.front(); });
  if (used_.count(method.name) == 0 && names_one) {
    words_.front() = method.name + "=" + words_.front();
  }
}

void Parser::report_unknown(const Word& word) {
  error_(word.whole + " is either mistyped or misplaced.");
  if (word.whole == "opencl") {
    error_("Re-compile the model with STAN_OPENCL to use OpenCL CmdStan arguments.");
  }
  std::vector<std::string> places;
  for (const Argument& each : table_.children) {
    find_places(each, word.name, "", places);
  }
  if (!places.empty()) {
    error_("Perhaps you meant one of the following valid configurations?");
  }
  for (const std::string& place : places) {
    error_("  " + place);
  }
}

Parsed Parser::run(const std::string& program) {
  bool valid = true;
  bool fits = true;
  while (fits && !words_.empty()) {
    name_the_method();
    const Word word(words_.front());
    fits = false;
    // Each argument is taken once: the second time, its name is as unknown as a mistyped one.
    if (used_.count(word.name) == 0) {
      valid &= parse_named(table_.children, word, fits);
    }
    if (fits) {
      used_.insert(word.name);
    } else if (word.whole == "info") {
      print_build_info(info_);
      return Parsed::told;
    } else if (word.whole == "help" || word.whole == "help-all") {
      helped_ = true;
      if (word.whole == "help-all") {
        print_all_help(table_, info_);
      }
    }
    if (helped_) {
      print_usage(table_, program, info_);
      return Parsed::told;
    }
    if (!fits) {
      report_unknown(word);
    }
  }
  const bool has_method = used_.count(table_.children.front().name) > 0;
  if (!has_method) {
    error_("A method must be specified!");
  }
  return valid && fits && has_method ? Parsed::run : Parsed::refused;
}

}  // namespace

Parsed parse(Argument& table, const std::string& program, const std::vector<std::string>& words,
             stan::callbacks::writer& info, stan::callbacks::writer& error) {
  if (words.empty()) {
    print_usage(table, program, info);
    return Parsed::refused;
  }
  const Parsed parsed = Parser(table, words, info, error).run(program);
  if (parsed == Parsed::refused) {
    error("Failed to parse command arguments, cannot run model.");
  }
  return parsed;
}

}  // namespace driver

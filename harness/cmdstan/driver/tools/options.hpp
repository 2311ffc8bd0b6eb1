// stansummary's command line.
#ifndef HARNESS_TOOLS_OPTIONS_HPP
#define HARNESS_TOOLS_OPTIONS_HPP

#include "draws.hpp"
#include <cmath>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tools {

const char* const usage = R"(Usage: stansummary [OPTIONS] stan_csv_file(s)
Report statistics for one or more Stan CSV files from a HMC sampler run.
Example:  stansummary model_chain_1.csv model_chain_2.csv
Options:
  -a, --autocorr [n]          Display the chain autocorrelation for the n-th
                              input file, in addition to statistics.
  -c, --csv_filename [file]   Write statistics to a CSV file.
  -h, --help                  Produce help message, then exit.
  -p, --percentiles [values]  Percentiles to report as ordered set of
                              comma-separated numbers from 0 to 100, inclusive.
                              Default is 5,50,95.
  -s, --sig_figs [n]          Significant figures reported. Default is 2.
                              Must be an integer from 1 to 18, inclusive.
  -i, --include_param [name]  Include the named parameter in the summary output.
                              By default, all parameters in the file are summarized,
                              passing this argument one or more times will filter
                              the output down to just the requested arguments.
)";

// The codes with which CmdStan's stansummary ends, by what is wrong with the words that it was given.
enum class Refusal { not_a_number = 104, bad_value = 105, missing_files = 106, unknown_option = 109, number_of_values = 114 };

struct BadOptions : std::invalid_argument {
  Refusal refusal;
  BadOptions(Refusal refusal, const std::string& message) : std::invalid_argument(message), refusal(refusal) {}
};

struct Options {
  bool help = false;
  int autocorr = 0;
  int figures = 2;
  int csv_figures = 6;
  std::optional<std::string> csv_filename;
  std::vector<std::string> percentiles{"5", "50", "95"};
  std::vector<std::string> parameters;
  std::vector<std::string> files;
};

// The words of the command line, sorted: per option its values, the files, and what is neither.
struct Words {
  std::map<std::string, std::vector<std::string>> values;
  std::vector<std::string> files;
  std::string unknown;
  bool help = false;
};

// A word that may be a value: no option, and not the mark after which there are only files.
inline bool is_plain(const std::string& word) {
  return word.size() < 2 || word[0] != '-' || std::isdigit(static_cast<unsigned char>(word[1]));
}

// Values of the option: `first` if it was joined to the name, else the next word, whatever it is.  The names of
// parameters may be several; one word at least is left for the file that must be there.
inline void take_values(const std::string& name, const std::string& first, std::deque<std::string>& rest, Words& words) {
  auto& values = words.values[name];
  if (!first.empty()) {
    values.push_back(first);
  } else if (!rest.empty()) {
    values.push_back(rest.front());
    rest.pop_front();
  } else {
    throw BadOptions(Refusal::number_of_values, name + ": 1 required value missing");
  }
  const std::size_t kept = words.files.empty() ? 1 : 0;
  while (name == "--include_param" && rest.size() > kept && is_plain(rest.front())) {
    values.push_back(rest.front());
    rest.pop_front();
  }
}

// `--name=value`, `--name value`, `-n value`, `-nvalue`; everything else is a file.
inline Words sort_words(std::deque<std::string> rest) {
  static const std::map<std::string, std::string> names{{"a", "--autocorr"}, {"c", "--csv_filename"}, {"h", "--help"},
                                                        {"i", "--include_param"}, {"p", "--percentiles"}, {"s", "--sig_figs"}};
  Words words;
  bool only_files = false;
  while (!rest.empty()) {
    const std::string word = rest.front();
    rest.pop_front();
    if (only_files || is_plain(word)) {
      words.files.push_back(word);
      continue;
    }
    if (word == "--") {
      only_files = true;
      continue;
    }
    const bool is_long = word[1] == '-';
    const auto equals = is_long ? word.find('=') : std::string::npos;
    const auto known = std::find_if(names.begin(), names.end(), [&](const auto& each) {
      return is_long ? each.second == word.substr(0, equals) : each.first == word.substr(1, 1);
    });
    const std::string joined = !is_long ? word.substr(2) : equals == std::string::npos ? "" : word.substr(equals + 1);
    if (known == names.end()) {
      words.unknown = word;
    } else if (known->first != "h") {
      take_values(known->second, joined, rest, words);
    } else {
      words.help = true;
      if (!joined.empty())
        rest.push_front("-" + joined);
    }
  }
  return words;
}

// The whole number that a text is, in any notation of the C language.
inline std::optional<long> whole_number(const std::string& text) {
  char* end;
  const long value = std::strtol(text.c_str(), &end, 0);
  return end == text.c_str() || *end ? std::nullopt : std::optional<long>(value);
}

inline int significant_figures(const std::string& text) {
  const auto value = whole_number(text);
  if (!value || *value < 1 || *value > 18)
    throw BadOptions(Refusal::bad_value, "--sig_figs: " + text + " is not an integer from 1 to 18");
  return static_cast<int>(*value);
}

inline int chain_number(const std::string& text) {
  const auto value = whole_number(text);
  char* end;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end || !(number > 0))
    throw BadOptions(Refusal::bad_value, "--autocorr: " + text + " is not a positive integer");
  if (!value)
    throw BadOptions(Refusal::not_a_number, "--autocorr: " + text + " is not an integer");
  return static_cast<int>(*value);
}

// Runs of commas and spaces separate; a separator at either end makes an empty name, which is no number.
inline std::vector<std::string> percentiles(const std::string& given) {
  const std::string text = trim(given);
  std::vector<std::string> kept;
  double last = 0;
  for (std::size_t from = 0; !text.empty() && from <= text.size();) {
    const std::size_t to = std::min(text.find_first_of(", \t", from), text.size());
    kept.push_back(text.substr(from, to - from));
    char* end;
    const double value = std::strtod(kept.back().c_str(), &end);
    if (end == kept.back().c_str() || !(value >= last && value <= 100))
      throw std::invalid_argument("Option --percentiles " + text
                                  + ": values must be in range (0, 100), inclusive, and increasing.");
    last = value;
    from = std::min(text.find_first_not_of(", \t", to), to == text.size() ? text.size() + 1 : text.size());
  }
  return kept;
}

// In the order in which CmdStan's stansummary looks for what is wrong.
inline Options parse(int argc, const char* argv[]) {
  const Words words = sort_words({argv + 1, argv + argc});
  Options options;
  const auto with = [&](const std::string& name, const std::function<void(const std::string&)>& use) {
    const auto found = words.values.find(name);
    if (found == words.values.end())
      return;
    if (found->second.size() > 1)
      throw BadOptions(Refusal::number_of_values, name + ": at most 1 value, but received "
                                                      + std::to_string(found->second.size()));
    use(found->second.front());
  };
  with("--sig_figs", [&](const std::string& text) { options.figures = options.csv_figures = significant_figures(text); });
  with("--autocorr", [&](const std::string& text) { options.autocorr = chain_number(text); });
  with("--csv_filename", [&](const std::string& text) {
    if (!text.empty() && std::filesystem::exists(text))
      throw BadOptions(Refusal::bad_value, "--csv_filename: Path already exists: " + text);
    options.csv_filename = text;
  });
  for (const auto& path : words.files)
    if (!std::filesystem::exists(path) || std::filesystem::is_directory(path))
      throw BadOptions(Refusal::bad_value, "Cannot read input csv file: " + path + ".");
  options.help = words.help;
  if (options.help)
    return options;
  if (words.files.empty())
    throw BadOptions(Refusal::missing_files, "input_files is required");
  if (!words.unknown.empty())
    throw BadOptions(Refusal::unknown_option, "The following argument was not expected: " + words.unknown);
  options.files = words.files;
  with("--percentiles", [&](const std::string& text) { options.percentiles = percentiles(text); });
  const auto chosen = words.values.find("--include_param");
  if (chosen != words.values.end())
    for (const auto& name : chosen->second)
      options.parameters.push_back(bracketed(name));
  return options;
}

}  // namespace tools

#endif

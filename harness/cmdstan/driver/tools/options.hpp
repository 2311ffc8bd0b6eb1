// stansummary's command line.
#ifndef HARNESS_TOOLS_OPTIONS_HPP
#define HARNESS_TOOLS_OPTIONS_HPP

#include "draws.hpp"
#include <map>
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
                              comma-separated numbers from (0.1,99.9), inclusive.
                              Default is 5,50,95.
  -s, --sig_figs [n]          Significant figures reported. Default is 2.
                              Must be an integer from (1, 18), inclusive.
  -i, --include_param [name]  Include the named parameter in the summary output.
                              By default, all parameters in the file are summarized,
                              passing this argument one or more times will filter
                              the output down to just the requested arguments.
)";

struct Options {
  bool help = false;
  int autocorr = 0;
  int figures = 2;
  int csv_figures = 6;
  std::string csv_filename;
  std::vector<std::string> percentiles{"5", "50", "95"};
  std::vector<std::string> parameters;
  std::vector<std::string> files;
};

inline int integer(const std::string& name, const std::string& text, int low, int high) {
  std::size_t used = 0;
  int value = 0;
  try {
    value = std::stoi(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || value < low || value > high)
    throw std::invalid_argument(name + ": " + text + " is not an integer from " + std::to_string(low) + " to "
                                + std::to_string(high));
  return value;
}

inline std::vector<std::string> percentiles(const std::string& text) {
  std::vector<std::string> kept;
  double last = 0;
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  for (const auto& part : split(spaced, ' ')) {
    if (part.empty())
      continue;
    char* end;
    const double value = std::strtod(part.c_str(), &end);
    if (*end || !(value >= 0.1 && value <= 99.9 && value > last))
      throw std::invalid_argument("Option --percentiles " + trim(text)
                                  + ": values must be in range (0.1,99.9), inclusive, and strictly increasing.");
    kept.push_back(part);
    last = value;
  }
  return kept;
}

inline void set_option(Options& options, const std::string& name, const std::string& value) {
  if (name == "--autocorr") {
    options.autocorr = integer(name, value, 1, 1 << 30);
  } else if (name == "--csv_filename") {
    options.csv_filename = value;
  } else if (name == "--percentiles") {
    options.percentiles = percentiles(value);
  } else if (name == "--sig_figs") {
    options.figures = options.csv_figures = integer(name, value, 1, 18);
  } else {
    options.parameters.push_back(bracketed(value));
  }
}

// `--name=value`, `--name value`, `-n value`, `-nvalue`; everything else is a file.
inline Options parse(int argc, const char* argv[]) {
  static const std::map<char, std::string> names{{'a', "--autocorr"}, {'c', "--csv_filename"}, {'p', "--percentiles"},
                                                 {'s', "--sig_figs"}, {'i', "--include_param"}};
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-h" || word == "--help") {
      options.help = true;
    } else if (word.size() < 2 || word[0] != '-') {
      options.files.push_back(word);
    } else {
      const bool is_long = word[1] == '-';
      const auto cut = is_long ? word.find('=') : word.size() > 2 ? 2 : std::string::npos;
      const auto short_name = names.find(word[1]);
      const std::string name = is_long ? word.substr(0, cut) : short_name == names.end() ? word : short_name->second;
      bool known = false;
      for (const auto& entry : names)
        known = known || entry.second == name;
      if (!known)
        throw std::invalid_argument("The following argument was not expected: " + word);
      if (cut == std::string::npos && i + 1 >= argc)
        throw std::invalid_argument(name + ": 1 required value missing");
      set_option(options, name, cut == std::string::npos ? argv[++i] : word.substr(cut + (is_long ? 1 : 0)));
    }
  }
  return options;
}

}  // namespace tools

#endif

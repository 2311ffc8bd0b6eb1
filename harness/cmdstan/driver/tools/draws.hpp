// Stan CSV files of one run, read for stansummary and diagnose.
#ifndef HARNESS_TOOLS_DRAWS_HPP
#define HARNESS_TOOLS_DRAWS_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tools {

// What one chain's file says: `key = value` comments, column names, kept draws (a row each), times in seconds.
struct Chain {
  std::map<std::string, std::string> config;
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  double warmup_s = 0;
  double sampling_s = 0;

  std::string get(const std::string& key, const std::string& otherwise) const {
    auto found = config.find(key);
    return found == config.end() ? otherwise : found->second;
  }
  long count(const std::string& key) const { return std::atol(get(key, "0").c_str()); }
};

inline std::string trim(const std::string& text) {
  const auto from = text.find_first_not_of(" \t\r");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(trim(part));
  return parts;
}

// `a.2.1` -> `a[2,1]`, and so for each part of a tuple's name, `a.1:2`.
inline std::string bracketed(const std::string& name) {
  std::string pretty;
  for (auto part : split(name, ':')) {
    const auto dot = part.find('.');
    if (dot != std::string::npos && dot > 0) {
      part[dot] = '[';
      std::replace(part.begin(), part.end(), '.', ',');
      part += ']';
    }
    pretty += (pretty.empty() ? "" : ".") + part;
  }
  return pretty;
}

inline double seconds_in(const std::string& line) {
  const auto end = line.find(" seconds");
  const auto start = line.find_last_not_of("0123456789.e+-", end - 1) + 1;
  return std::atof(line.substr(start, end - start).c_str());
}

inline void read_comment(const std::string& line, Chain& chain, std::size_t& warmup_rows) {
  if (line.find("Adaptation terminated") != std::string::npos)
    warmup_rows = chain.rows.size();
  else if (line.find(" seconds (Warm-up)") != std::string::npos)
    chain.warmup_s += seconds_in(line);
  else if (line.find(" seconds (Sampling)") != std::string::npos)
    chain.sampling_s += seconds_in(line);
  const auto equals = line.find('=');
  if (equals == std::string::npos)
    return;
  std::string value = line.substr(equals + 1);
  const auto note = value.find(" (Default)");
  chain.config.emplace(trim(line.substr(1, equals - 1)), trim(value.substr(0, note)));
}

inline std::vector<double> read_row(const std::string& line, std::size_t n_columns) {
  std::vector<double> row;
  row.reserve(n_columns);
  for (const char* at = line.c_str(); *at;) {
    char* end;
    const double value = std::strtod(at, &end);
    row.push_back(end == at ? std::numeric_limits<double>::quiet_NaN() : value);
    while (*end && *end != ',')
      ++end;
    at = *end ? end + 1 : end;
  }
  return row;
}

// Rows that are no posterior draws: saved warm-up, and the mean that `variational` writes first.
inline std::size_t rows_to_drop(const Chain& chain, std::size_t rows_before_adaptation_ended) {
  if (chain.get("method", "") == "variational")
    return 1;
  const std::string saved = chain.get("save_warmup", "false");
  if (chain.get("algorithm", "") == "fixed_param" || (saved != "true" && saved != "1"))
    return 0;
  const long thin = std::max(1L, chain.count("thin"));
  const std::size_t by_count = (chain.count("num_warmup") + thin - 1) / thin;
  return rows_before_adaptation_ended ? rows_before_adaptation_ended : std::min(by_count, chain.rows.size());
}

inline Chain read_chain(const std::string& path) {
  std::ifstream file(path);
  Chain chain;
  std::size_t warmup_rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty())
      continue;
    if (line[0] == '#') {
      read_comment(line, chain, warmup_rows);
    } else if (chain.names.empty()) {
      if (!std::isalpha(static_cast<unsigned char>(line[0])))
        break;
      chain.names = split(line, ',');
      for (auto& name : chain.names)
        name = bracketed(name);
    } else {
      chain.rows.push_back(read_row(line, chain.names.size()));
      if (chain.rows.back().size() != chain.names.size())
        throw std::invalid_argument("Error: expected " + std::to_string(chain.names.size()) + " columns, but found "
                                    + std::to_string(chain.rows.back().size()) + " instead for row "
                                    + std::to_string(chain.rows.size()));
    }
  }
  if (chain.names.empty())
    throw std::invalid_argument("Error: no column names found in csv file");
  const std::size_t drop = std::min(rows_to_drop(chain, warmup_rows), chain.rows.size());
  chain.rows.erase(chain.rows.begin(), chain.rows.begin() + drop);
  if (chain.rows.empty())
    throw std::invalid_argument("No draws found");
  return chain;
}

// All files, checked to be chains of the same run.
inline std::vector<Chain> read_chains(const std::vector<std::string>& paths) {
  std::vector<Chain> chains;
  for (const auto& path : paths) {
    try {
      chains.push_back(read_chain(path));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("Cannot parse input csv file: " + path + ": " + error.what() + ".");
    }
    if (chains.back().names != chains[0].names)
      throw std::invalid_argument("Error: " + path + " has other columns than " + paths[0] + ".");
    if (chains.back().rows.size() != chains[0].rows.size())
      throw std::invalid_argument("Error: " + path + " has other numbers of draws than " + paths[0] + ".");
  }
  return chains;
}

// One column of all chains: a row per draw, a column per chain.
inline Eigen::MatrixXd column(const std::vector<Chain>& chains, std::size_t index) {
  Eigen::MatrixXd draws(chains[0].rows.size(), chains.size());
  for (std::size_t chain = 0; chain < chains.size(); ++chain)
    for (std::size_t row = 0; row < chains[0].rows.size(); ++row)
      draws(row, chain) = chains[chain].rows[row][index];
  return draws;
}

inline bool ends_in_double_underscore(const std::string& name) {
  return name.size() >= 2 && name.compare(name.size() - 2, 2, "__") == 0;
}

}  // namespace tools

#endif

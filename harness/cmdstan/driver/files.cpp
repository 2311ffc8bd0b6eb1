#include "files.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace driver {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::vector<std::string> listed(const std::string& path) {
  std::vector<std::string> names;
  std::istringstream rest(path + ",");
  for (std::string name; std::getline(rest, name, ',');) {
    names.push_back(name);
  }
  return names;
}

FileName::FileName(const std::string& path) : base(path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  for (std::size_t at = name.size(); at-- > 1;) {
    const bool alone = at + 1 < name.size() && name[at - 1] != '.' && name[at + 1] != '.';
    if (name[at] == '.' && alone) {
      suffix = name.substr(at);
      base = path.substr(0, path.size() - suffix.size());
      return;
    }
  }
}

std::vector<std::string> names_per_chain(const std::string& path, const std::string& tag,
                                         const std::string& suffix, unsigned int n_chains,
                                         unsigned int first_id) {
  const auto named = [&](const std::string& given, const std::string& number) {
    const FileName parts(given);
    const bool keeps_suffix = (suffix.empty() || suffix == ".csv") && !parts.suffix.empty();
    return parts.base + tag + number + (keeps_suffix ? parts.suffix : suffix);
  };
  std::vector<std::string> names;
  const auto given = listed(path);
  if (given.size() > 1) {
    if (given.size() != n_chains) {
      throw std::invalid_argument(
          "Number of filenames does not match number of chains: got comma-separated list '" + path
          + "' of length " + std::to_string(given.size()) + " but expected "
          + std::to_string(n_chains) + " names\n");
    }
    std::transform(given.begin(), given.end(), std::back_inserter(names),
                   [&](const std::string& each) { return named(each, ""); });
    return names;
  }
  for (unsigned int i = 0; i < n_chains; ++i) {
    names.push_back(named(path, n_chains == 1 ? "" : "_" + std::to_string(first_id + i)));
  }
  return names;
}

void check_output_name(const std::string& path) {
  for (const std::string& each : listed(path)) {
    if (ends_with(each, "/") || ends_with(each, "..") || ends_with(each, "/.")) {
      throw std::invalid_argument("Ill-formed output filename " + each + "\n");
    }
  }
}

bool share_a_file(const std::string& paths, const std::string& others) {
  for (const std::string& one : listed(paths)) {
    for (const std::string& other : listed(others)) {
      if (std::filesystem::path(one).lexically_normal()
          == std::filesystem::path(other).lexically_normal()) {
        return true;
      }
    }
  }
  return false;
}

std::ifstream open_input(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw std::invalid_argument("Cannot open specified file, \"" + path + "\"\n");
  }
  return stream;
}

std::unique_ptr<std::ofstream> open_output(const std::string& path, int sig_figs) {
  auto stream = std::make_unique<std::ofstream>(path);
  // A full disk or a missing folder must end the run, not shorten its output.
  stream->exceptions(std::ofstream::badbit | std::ofstream::failbit);
  if (sig_figs > -1) {
    stream->precision(sig_figs);
  }
  return stream;
}

}  // namespace driver

#include "inputs.hpp"

#include "files.hpp"

#include <stan/io/dump.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace driver {
namespace {

void warn_of_r_dump(const std::string& path) {
  std::cerr << "Warning: file '" << path << "' is being read as an 'RDump' file.\n"
            << "\tThis format is deprecated and will not receive new features.\n"
            << "\tConsider saving your data in JSON format instead." << std::endl;
}

// The suffix says how a file is read.
void check_suffix(const std::string& path) {
  const FileName name(path);
  if (name.suffix != ".json" && name.suffix != ".R") {
    throw std::invalid_argument("User specified files must end in .json or .R. Found: "
                                + (name.suffix.empty() ? path : name.suffix) + "\n");
  }
}

Context parse(const std::string& path, std::istream& stream) {
  if (FileName(path).suffix == ".json") {
    return std::make_shared<stan::json::json_data>(stream);
  }
  warn_of_r_dump(path);
  return std::make_shared<stan::io::dump>(stream);
}

std::string enumerated(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

// Those of some files that cannot be opened.
std::vector<std::string> missing_among(const std::vector<std::string>& paths) {
  std::vector<std::string> missing;
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(missing),
               [](const std::string& path) { return !std::ifstream(path); });
  return missing;
}

// One file for all chains, where those that are numbered are not all there.
std::vector<Context> share(const std::string& path, unsigned int n_chains,
                           const std::string& complaint) {
  std::ifstream stream(path);
  if (!stream) {
    throw std::invalid_argument(complaint + "\nThe file without a number is missing as well: " + path
                                + ". Several chains look for one file each, their ids appended to "
                                  "the name, and else for the name as it was given.");
  }
  std::cerr << "Warning: file '" << path << "' is being used to initialize all " << n_chains
            << " chains!" << std::endl;
  return std::vector<Context>(n_chains, parse(path, stream));
}

}  // namespace

Context read_context(const std::string& path) {
  if (path.empty()) {
    return std::make_shared<stan::io::empty_var_context>();
  }
  check_suffix(path);
  std::ifstream stream = open_input(path);
  return parse(path, stream);
}

std::vector<Context> read_contexts(const std::string& path, unsigned int n_chains,
                                   unsigned int first_id) {
  if (n_chains == 1 || path.empty()) {
    return std::vector<Context>(n_chains, read_context(path));
  }
  const auto names = names_per_chain(path, "", "", n_chains, first_id);
  std::for_each(names.begin(), names.end(), check_suffix);
  const auto missing = missing_among(names);
  if (!missing.empty()) {
    const std::string complaint
        = "Cannot open some of the requested files: [" + enumerated(missing) + "]";
    if (listed(path).size() > 1) {
      throw std::invalid_argument(complaint + "\n");
    }
    return share(path, n_chains, complaint);
  }
  std::vector<Context> contexts;
  std::transform(names.begin(), names.end(), std::back_inserter(contexts), read_context);
  return contexts;
}

}  // namespace driver

#include "inputs.hpp"

#include "files.hpp"

#include <stan/io/dump.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>

#include <iostream>
#include <stdexcept>

namespace driver {
namespace {

void warn_of_r_dump(const std::string& path) {
  std::cerr << "Warning: file '" << path << "' is being read as an 'RDump' file.\n"
            << "\tThis format is deprecated and will not receive new features.\n"
            << "\tConsider saving your data in JSON format instead." << std::endl;
}

Context parse(std::istream& stream, const std::string& suffix) {
  if (suffix == ".json") {
    return std::make_shared<stan::json::json_data>(stream);
  }
  return std::make_shared<stan::io::dump>(stream);
}

bool exists(const std::string& path) { return std::ifstream(path).good(); }

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// The suffix of files that several chains read; stricter than for one chain, whose files may have
// any name.
std::string suffix_for_chains(const std::string& path) {
  const auto dot = path.find_last_of('.');
  if (dot == std::string::npos) {
    throw std::invalid_argument("Found: " + quoted(path)
                                + " but user specified files must end in .json or .R");
  }
  const std::string suffix = path.substr(dot);
  if (suffix != ".json" && suffix != ".R") {
    throw std::invalid_argument("file ending of " + suffix + " is not supported by cmdstan");
  }
  if (suffix != ".json") {
    warn_of_r_dump(path);
  }
  return suffix;
}

// All the numbered files, given that the first exists.
std::vector<Context> parse_each(const std::vector<std::string>& names, const std::string& suffix) {
  std::vector<Context> contexts;
  for (const std::string& name : names) {
    std::ifstream stream(name);
    if (!stream) {
      throw std::invalid_argument("Found " + quoted(names.front()) + " but cannot open "
                                  + quoted(name) + "\n");
    }
    contexts.push_back(parse(stream, suffix));
  }
  return contexts;
}

}  // namespace

Context read_context(const std::string& path) {
  if (path.empty()) {
    return std::make_shared<stan::io::empty_var_context>();
  }
  std::ifstream stream = open_input(path);
  const std::string suffix = FileName(path).suffix;
  if (suffix != ".json") {
    warn_of_r_dump(path);
  }
  return parse(stream, suffix);
}

std::vector<Context> read_contexts(const std::string& path, unsigned int n_chains,
                                   unsigned int first_id) {
  if (n_chains == 1 || path.empty()) {
    return std::vector<Context>(n_chains, read_context(path));
  }
  const std::string suffix = suffix_for_chains(path);
  const auto names = names_per_chain(path, "", suffix, n_chains, first_id);
  if (exists(names.front())) {
    return parse_each(names, suffix);
  }
  std::ifstream shared(path);
  if (!shared) {
    const std::string both = quoted(names.front()) + " and base file " + quoted(path);
    // The doubled quotation marks are CmdStan's.
    throw std::invalid_argument("Searching for  \"" + both + "\nCan't open either of specified files,"
                                + both + "\n");
  }
  return std::vector<Context>(n_chains, parse(shared, suffix));
}

}  // namespace driver

// Names of the files of a run, and opening them.
#ifndef DRIVER_FILES_HPP
#define DRIVER_FILES_HPP

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace driver {

// "results/fit.csv" -> {"results/fit", ".csv"}; a dot that starts a name or ends it is no suffix.
struct FileName {
  std::string base;
  std::string suffix;
  explicit FileName(const std::string& path);
};

// One name per chain. "fit.csv" gives fit_1.csv, fit_2.csv, ..., counted from `first_id`; a
// comma-separated list is taken as it stands; a single chain keeps the name that was given.
// `tag` goes before the number. JSON names always end in .json. A comma at the end of a list is
// followed by one more name, which is empty.
std::vector<std::string> names_per_chain(const std::string& path, const std::string& tag,
                                         const std::string& suffix, unsigned int n_chains,
                                         unsigned int first_id);

// The names of a comma-separated list; of a single path itself.
std::vector<std::string> listed(const std::string& path);

// Throws unless `path` can name a file (not a folder).
void check_output_name(const std::string& path);

// True if two comma-separated lists of paths share one.
bool share_a_file(const std::string& paths, const std::string& others);

std::ifstream open_input(const std::string& path);

// Throws if the file cannot be written; `sig_figs` -1 leaves the stream's own precision.
std::unique_ptr<std::ofstream> open_output(const std::string& path, int sig_figs);

}  // namespace driver

#endif

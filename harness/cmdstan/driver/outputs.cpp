#include "outputs.hpp"

#include "build_info.hpp"
#include "files.hpp"

#include <map>
#include <stdexcept>

namespace driver {
namespace {

class Opener {
 public:
  Opener(const Argument& table, unsigned int n_chains)
      : n_chains_(n_chains),
        first_id_(static_cast<unsigned int>(table["id"].integer())),
        sig_figs_(table["output"]["sig_figs"].integer()) {}

  std::vector<CsvWriter> csv(const std::string& path, const std::string& tag = "") const {
    std::vector<CsvWriter> writers;
    for (const std::string& name : names_per_chain(path, tag, ".csv", n_chains_, first_id_)) {
      writers.emplace_back(open_output(name, sig_figs_), "# ");
    }
    return writers;
  }

  std::vector<JsonWriter> json(const std::string& path, const std::string& tag = "") const {
    std::vector<JsonWriter> writers;
    for (const std::string& name : names_per_chain(path, tag, ".json", n_chains_, first_id_)) {
      writers.emplace_back(open_output(name, sig_figs_));
    }
    return writers;
  }

  // Writers without a file.
  template <class Writer>
  std::vector<Writer> none() const {
    std::vector<Writer> writers;
    for (unsigned int i = 0; i < n_chains_; ++i) {
      writers.emplace_back(nullptr);
    }
    return writers;
  }

 private:
  unsigned int n_chains_;
  unsigned int first_id_;
  int sig_figs_;
};

// Several paths have files of their own only on request; the combined draws are opened by the
// method. What a path records of its iterations goes beside its draws unless it is named.
void open_for_paths(const Opener& open, const Argument& table, unsigned int n_paths,
                    Outputs& outputs) {
  const std::string& draws = table["output"]["file"].text();
  const bool save_paths = table["method"]["pathfinder"]["save_single_paths"].flag();
  std::string record = table["output"]["diagnostic_file"].text();
  if (record.empty() && save_paths) {
    record = draws;
  }
  const std::string tag = n_paths == 1 ? "" : "_path";
  outputs.draws = n_paths == 1 || !record.empty() ? open.csv(draws, tag) : open.none<CsvWriter>();
  outputs.diagnostic_records
      = record.empty() ? open.none<JsonWriter>() : open.json(record, tag);
  outputs.diagnostics = open.none<CsvWriter>();
}

void open_for_chains(const Opener& open, const Argument& table, Outputs& outputs) {
  const std::string& diagnostic_file = table["output"]["diagnostic_file"].text();
  const bool has_diagnostics = !diagnostic_file.empty();
  const bool as_record = table["method"].selects("laplace");
  outputs.draws = open.csv(table["output"]["file"].text());
  outputs.diagnostics = has_diagnostics && !as_record ? open.csv(diagnostic_file)
                                                      : open.none<CsvWriter>();
  outputs.diagnostic_records = has_diagnostics && as_record ? open.json(diagnostic_file)
                                                            : open.none<JsonWriter>();
}

bool saves_metric(const Argument& table) {
  const Argument& adapt = table["method"]["sample"]["adapt"];
  if (!table["method"].selects("sample") || !adapt["save_metric"].flag()) {
    return false;
  }
  if (!adapt["engaged"].flag()) {
    throw std::invalid_argument(
        "Saving the adapted metric (save_metric=1) can only be enabled when adaptation is engaged "
        "(adapt engaged=1)\n");
  }
  return true;
}

}  // namespace

void check_output_files(const Argument& table) {
  const Argument& output = table["output"];
  check_output_name(output["file"].text());
  check_output_name(output["diagnostic_file"].text());
  static const std::map<std::string, std::string> input_of{
      {"generate_quantities", "fitted_params"},
      {"laplace", "mode"},
      {"log_prob", "constrained_params"}};
  const Argument& method = table["method"].selected();
  const auto input = input_of.find(method.name);
  if (input == input_of.end()) {
    return;
  }
  const std::string& path = method[input->second].text();
  if (!path.empty() && share_a_file(path, output["file"].text())) {
    throw std::invalid_argument("Filename conflict, " + input->second + " file " + path
                                + " and output file names are identical, must be different.\n");
  }
}

Outputs open_outputs(const Argument& table, unsigned int n_chains) {
  const Opener open(table, n_chains);
  Outputs outputs;
  if (table["method"].selects("pathfinder")) {
    open_for_paths(open, table, n_chains, outputs);
  } else {
    open_for_chains(open, table, outputs);
  }
  outputs.metrics = saves_metric(table) ? open.json(table["output"]["file"].text(), "_metric")
                                        : open.none<JsonWriter>();
  return outputs;
}

void write_heads(const Argument& table, const stan::model::model_base& model, Outputs& outputs) {
  const Argument& output = table["output"];
  if (output["save_cmdstan_config"].flag()) {
    const std::string name = FileName(listed(output["file"].text()).front()).base + "_config.json";
    JsonWriter configuration(open_output(name, output["sig_figs"].integer()));
    write_configuration(table, model, configuration);
  }
  for (CsvWriter& writer : outputs.draws) {
    write_configuration(table, model, writer);
  }
  for (CsvWriter& writer : outputs.diagnostics) {
    write_diagnostic_head(table, model, writer);
  }
}

}  // namespace driver

#include "run.hpp"

#include "files.hpp"
#include "fitted.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/sample/standalone_gqs.hpp>

#include <stdexcept>

namespace driver {

int run_generate_quantities(Run& run) {
  const std::string& path = run.method["fitted_params"].text();
  if (path.empty()) {
    throw std::invalid_argument(
        "Missing fitted_params argument, cannot run generate_quantities without fitted sample.");
  }
  if (FileName(path).suffix != ".csv") {
    throw std::invalid_argument("Fitted params file must be a CSV file.");
  }
  std::vector<Eigen::MatrixXd> draws;
  for (const std::string& each : names_per_chain(path, "", ".csv", run.n_chains, run.id())) {
    draws.push_back(read_draws(each, run.model));
  }
  return stan::services::standalone_generate(run.model, static_cast<int>(run.n_chains), draws,
                                             run.seed(), run.interrupt, run.logger,
                                             run.outputs.draws);
}

}  // namespace driver

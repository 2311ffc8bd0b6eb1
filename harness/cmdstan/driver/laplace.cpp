#include "run.hpp"

#include "fitted.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/optimize/laplace_sample.hpp>

#include <stdexcept>

namespace driver {

int run_laplace(Run& run) {
  const Argument& method = run.method;
  const std::string& path = method["mode"].text();
  if (path.empty()) {
    throw std::invalid_argument(
        "Missing mode argument, cannot get laplace sample without parameter estimates theta-hat");
  }
  const Eigen::VectorXd mode = read_mode(path, run.model);
  const auto with = [&](auto sampler) {
    return sampler(run.model, mode, method["draws"].integer(), method["calculate_lp"].flag(),
                   run.seed(), run.refresh(), run.interrupt, run.logger, run.outputs.draws[0],
                   run.outputs.diagnostic_records[0]);
  };
  if (method["jacobian"].flag()) {
    return with([](auto&&... all) { return stan::services::laplace_sample<true>(all...); });
  }
  return with([](auto&&... all) { return stan::services::laplace_sample<false>(all...); });
}

}  // namespace driver

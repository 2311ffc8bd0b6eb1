#include "sample.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/util/create_unit_e_dense_inv_metric.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>

#include <stdexcept>

namespace driver {
namespace {

std::vector<Context> read_metrics(const Run& run, const Argument& hmc) {
  const std::string& path = hmc["metric_file"].text();
  if (!path.empty()) {
    return read_contexts(path, run.n_chains, run.id());
  }
  const auto identity = [](auto metric) -> Context {
    return std::make_shared<decltype(metric)>(std::move(metric));
  };
  const std::size_t size = run.model.num_params_r();
  return std::vector<Context>(
      run.n_chains, hmc["metric"].selects("dense_e")
                        ? identity(stan::services::util::create_unit_e_dense_inv_metric(size))
                        : identity(stan::services::util::create_unit_e_diag_inv_metric(size)));
}

}  // namespace

int run_sample(Run& run) {
  const Argument& method = run.method;
  const Argument& algorithm = method["algorithm"];
  const Argument& adapt = method["adapt"];
  const bool adapts = adapt["engaged"].flag();
  const Chains chains{run, method["num_warmup"].integer(), method["num_samples"].integer(),
                      method["thin"].integer(), method["save_warmup"].flag()};

  if (algorithm.selects("fixed_param")) {
    return run_fixed_param(chains);
  }
  if (adapts && chains.n_warmup == 0) {
    throw std::invalid_argument(
        "The number of warmup samples (num_warmup) must be greater than zero if adaptation is "
        "enabled.\n");
  }
  const Argument& arguments = algorithm["hmc"];
  const Hmc hmc{arguments, adapt, read_metrics(run, arguments)};
  if (arguments["engine"].selects("nuts")) {
    return adapts ? run_nuts_adapt(chains, hmc) : run_nuts(chains, hmc);
  }
  return adapts ? run_static_adapt(chains, hmc) : run_static(chains, hmc);
}

}  // namespace driver

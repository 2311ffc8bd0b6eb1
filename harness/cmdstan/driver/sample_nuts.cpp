#include "sample.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/sample/fixed_param.hpp>
#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>

namespace driver {

int run_nuts(const Chains& chains, const Hmc& hmc) {
  namespace services = stan::services::sample;
  Run& run = chains.run;
  Outputs& out = run.outputs;

  const auto with_metric = [&](auto sampler) {
    return sampler(run.model, run.n_chains, run.inits, hmc.metrics, run.seed(), run.id(),
                   run.init_radius, chains.n_warmup, chains.n_draws, chains.thin,
                   chains.save_warmup, run.refresh(), hmc.step_size(), hmc.jitter(),
                   hmc.engine()["max_depth"].integer(), run.interrupt, run.logger,
                   run.init_writers, out.draws, out.diagnostics);
  };
  if (hmc.has_metric("dense_e")) {
    return with_metric([](auto&&... all) { return services::hmc_nuts_dense_e(all...); });
  }
  if (hmc.has_metric("diag_e")) {
    return with_metric([](auto&&... all) { return services::hmc_nuts_diag_e(all...); });
  }
  return services::hmc_nuts_unit_e(
      run.model, run.n_chains, run.inits, run.seed(), run.id(), run.init_radius, chains.n_warmup,
      chains.n_draws, chains.thin, chains.save_warmup, run.refresh(), hmc.step_size(),
      hmc.jitter(), hmc.engine()["max_depth"].integer(), run.interrupt, run.logger,
      run.init_writers, out.draws, out.diagnostics);
}

int run_fixed_param(const Chains& chains) {
  Run& run = chains.run;
  return stan::services::sample::fixed_param(
      run.model, run.n_chains, run.inits, run.seed(), run.id(), run.init_radius, chains.n_draws,
      chains.thin, run.refresh(), run.interrupt, run.logger, run.init_writers, run.outputs.draws,
      run.outputs.diagnostics);
}

}  // namespace driver

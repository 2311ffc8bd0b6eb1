#include "sample.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>

namespace driver {

int run_nuts_adapt(const Chains& chains, const Hmc& hmc) {
  namespace services = stan::services::sample;
  Run& run = chains.run;
  Outputs& out = run.outputs;
  const Argument& adapt = hmc.adapt;

  const auto with_window = [&](auto sampler) {
    return sampler(
        run.model, run.n_chains, run.inits, hmc.metrics, run.seed(), run.id(), run.init_radius,
        chains.n_warmup, chains.n_draws, chains.thin, chains.save_warmup, run.refresh(),
        hmc.step_size(), hmc.jitter(), hmc.engine()["max_depth"].integer(), adapt["delta"].real(),
        adapt["gamma"].real(), adapt["kappa"].real(), adapt["t0"].real(),
        adapt["init_buffer"].natural(), adapt["term_buffer"].natural(), adapt["window"].natural(),
        run.interrupt, run.logger, run.init_writers, out.draws, out.diagnostics, out.metrics);
  };
  if (hmc.has_metric("dense_e")) {
    return with_window([](auto&&... all) { return services::hmc_nuts_dense_e_adapt(all...); });
  }
  if (hmc.has_metric("diag_e")) {
    return with_window([](auto&&... all) { return services::hmc_nuts_diag_e_adapt(all...); });
  }
  return services::hmc_nuts_unit_e_adapt(
      run.model, run.n_chains, run.inits, run.seed(), run.id(), run.init_radius, chains.n_warmup,
      chains.n_draws, chains.thin, chains.save_warmup, run.refresh(), hmc.step_size(),
      hmc.jitter(), hmc.engine()["max_depth"].integer(), adapt["delta"].real(),
      adapt["gamma"].real(), adapt["kappa"].real(), adapt["t0"].real(), run.interrupt, run.logger,
      run.init_writers, out.draws, out.diagnostics, out.metrics);
}

}  // namespace driver

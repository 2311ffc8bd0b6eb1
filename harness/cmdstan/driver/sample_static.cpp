// Static HMC. CmdStan runs one chain of it per process.
#include "sample.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/sample/hmc_static_dense_e.hpp>
#include <stan/services/sample/hmc_static_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_static_diag_e.hpp>
#include <stan/services/sample/hmc_static_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_static_unit_e.hpp>
#include <stan/services/sample/hmc_static_unit_e_adapt.hpp>

namespace driver {
namespace services = stan::services::sample;

int run_static(const Chains& chains, const Hmc& hmc) {
  Run& run = chains.run;
  Outputs& out = run.outputs;
  const auto with = [&](auto sampler, auto&... metric) {
    return sampler(run.model, *run.inits[0], metric..., run.seed(), run.id(), run.init_radius,
                   chains.n_warmup, chains.n_draws, chains.thin, chains.save_warmup,
                   run.refresh(), hmc.step_size(), hmc.jitter(), hmc.engine()["int_time"].real(),
                   run.interrupt, run.logger, run.init_writers[0], out.draws[0],
                   out.diagnostics[0]);
  };
  if (hmc.has_metric("dense_e")) {
    return with([](auto&&... all) { return services::hmc_static_dense_e(all...); },
                *hmc.metrics[0]);
  }
  if (hmc.has_metric("diag_e")) {
    return with([](auto&&... all) { return services::hmc_static_diag_e(all...); },
                *hmc.metrics[0]);
  }
  return with([](auto&&... all) { return services::hmc_static_unit_e(all...); });
}

int run_static_adapt(const Chains& chains, const Hmc& hmc) {
  Run& run = chains.run;
  Outputs& out = run.outputs;
  const Argument& adapt = hmc.adapt;
  const auto with_window = [&](auto sampler) {
    return sampler(run.model, *run.inits[0], *hmc.metrics[0], run.seed(), run.id(),
                   run.init_radius, chains.n_warmup, chains.n_draws, chains.thin,
                   chains.save_warmup, run.refresh(), hmc.step_size(), hmc.jitter(),
                   hmc.engine()["int_time"].real(), adapt["delta"].real(), adapt["gamma"].real(),
                   adapt["kappa"].real(), adapt["t0"].real(), adapt["init_buffer"].natural(),
                   adapt["term_buffer"].natural(), adapt["window"].natural(), run.interrupt,
                   run.logger, run.init_writers[0], out.draws[0], out.diagnostics[0]);
  };
  if (hmc.has_metric("dense_e")) {
    return with_window([](auto&&... all) { return services::hmc_static_dense_e_adapt(all...); });
  }
  if (hmc.has_metric("diag_e")) {
    return with_window([](auto&&... all) { return services::hmc_static_diag_e_adapt(all...); });
  }
  return services::hmc_static_unit_e_adapt(
      run.model, *run.inits[0], run.seed(), run.id(), run.init_radius, chains.n_warmup,
      chains.n_draws, chains.thin, chains.save_warmup, run.refresh(), hmc.step_size(),
      hmc.jitter(), hmc.engine()["int_time"].real(), adapt["delta"].real(), adapt["gamma"].real(),
      adapt["kappa"].real(), adapt["t0"].real(), run.interrupt, run.logger, run.init_writers[0],
      out.draws[0], out.diagnostics[0]);
}

}  // namespace driver

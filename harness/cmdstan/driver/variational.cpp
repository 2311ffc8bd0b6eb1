#include "run.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/experimental/advi/fullrank.hpp>
#include <stan/services/experimental/advi/meanfield.hpp>

namespace driver {

int run_variational(Run& run) {
  namespace advi = stan::services::experimental::advi;
  const Argument& method = run.method;
  const auto with = [&](auto algorithm) {
    return algorithm(run.model, *run.inits[0], run.seed(), run.id(), run.init_radius,
                     method["grad_samples"].integer(), method["elbo_samples"].integer(),
                     method["iter"].integer(), method["tol_rel_obj"].real(), method["eta"].real(),
                     method["adapt"]["engaged"].flag(), method["adapt"]["iter"].integer(),
                     method["eval_elbo"].integer(), method["output_samples"].integer(),
                     run.interrupt, run.logger, run.init_writers[0], run.outputs.draws[0],
                     run.outputs.diagnostics[0]);
  };
  if (method["algorithm"].selects("fullrank")) {
    return with([](auto&&... all) { return advi::fullrank(all...); });
  }
  return with([](auto&&... all) { return advi::meanfield(all...); });
}

}  // namespace driver

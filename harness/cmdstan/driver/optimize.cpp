#include "run.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/optimize/bfgs.hpp>
#include <stan/services/optimize/lbfgs.hpp>
#include <stan/services/optimize/newton.hpp>

namespace driver {
namespace {

using stan::model::model_base;
namespace services = stan::services::optimize;

template <bool jacobian>
int run_newton(Run& run) {
  const Argument& method = run.method;
  return services::newton<model_base, jacobian>(
      run.model, *run.inits[0], run.seed(), run.id(), run.init_radius, method["iter"].integer(),
      method["save_iterations"].flag(), run.interrupt, run.logger, run.init_writers[0],
      run.outputs.draws[0]);
}

// The two quasi-Newton methods differ in one argument, the length of the history.
template <bool jacobian, class... History>
int run_line_search(Run& run, const Argument& search, History... history) {
  const Argument& method = run.method;
  const auto with = [&](auto algorithm) {
    return algorithm(run.model, *run.inits[0], run.seed(), run.id(), run.init_radius, history...,
                     search["init_alpha"].real(), search["tol_obj"].real(),
                     search["tol_rel_obj"].real(), search["tol_grad"].real(),
                     search["tol_rel_grad"].real(), search["tol_param"].real(),
                     method["iter"].integer(), method["save_iterations"].flag(), run.refresh(),
                     run.interrupt, run.logger, run.init_writers[0], run.outputs.draws[0]);
  };
  if constexpr (sizeof...(History) == 0) {
    return with([](auto&&... all) { return services::bfgs<model_base, jacobian>(all...); });
  } else {
    return with([](auto&&... all) { return services::lbfgs<model_base, jacobian>(all...); });
  }
}

template <bool jacobian>
int run_algorithm(Run& run) {
  const Argument& algorithm = run.method["algorithm"].selected();
  if (algorithm.name == "newton") {
    return run_newton<jacobian>(run);
  }
  if (algorithm.name == "bfgs") {
    return run_line_search<jacobian>(run, algorithm);
  }
  return run_line_search<jacobian>(run, algorithm, algorithm["history_size"].integer());
}

}  // namespace

int run_optimize(Run& run) {
  return run.method["jacobian"].flag() ? run_algorithm<true>(run) : run_algorithm<false>(run);
}

}  // namespace driver

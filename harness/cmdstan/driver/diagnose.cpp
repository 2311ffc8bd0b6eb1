#include "run.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/diagnose/diagnose.hpp>

namespace driver {

int run_diagnose(Run& run) {
  const Argument& test = run.method["test"]["gradient"];
  return stan::services::diagnose::diagnose(
      run.model, *run.inits[0], run.seed(), run.id(), run.init_radius, test["epsilon"].real(),
      test["error"].real(), run.interrupt, run.logger, run.init_writers[0],
      run.outputs.draws[0]);
}

}  // namespace driver

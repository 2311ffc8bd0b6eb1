#include "run.hpp"

#include "build_info.hpp"
#include "files.hpp"

#include <stan/model/model_base.hpp>
#include <stan/services/pathfinder/multi.hpp>
#include <stan/services/pathfinder/single.hpp>

#include <stdexcept>

namespace driver {
namespace {

using stan::model::model_base;
namespace services = stan::services::pathfinder;

// With one path, its file is the output; the record of its iterations is kept if it has a file.
int run_single(Run& run, bool save_iterations) {
  const Argument& method = run.method;
  return services::pathfinder_lbfgs_single<false, false, model_base>(
      run.model, *run.inits[0], run.seed(), run.id(), run.init_radius,
      method["history_size"].integer(), method["init_alpha"].real(), method["tol_obj"].real(),
      method["tol_rel_obj"].real(), method["tol_grad"].real(), method["tol_rel_grad"].real(),
      method["tol_param"].real(), method["max_lbfgs_iters"].integer(),
      method["num_elbo_draws"].integer(), method["num_draws"].integer(), save_iterations,
      run.refresh(), run.interrupt, run.logger, run.init_writers[0], run.outputs.draws[0],
      run.outputs.diagnostic_records[0], method["calculate_lp"].flag());
}

int run_multi(Run& run, bool save_iterations) {
  const Argument& method = run.method;
  const auto name = names_per_chain(run.output_file(), "", ".csv", 1, run.id()).front();
  CsvWriter combined(open_output(name, run.sig_figs()), "# ");
  write_configuration(run.table, run.model, combined);
  JsonWriter no_record;
  return services::pathfinder_lbfgs_multi<model_base>(
      run.model, run.inits, run.seed(), run.id(), run.init_radius,
      method["history_size"].integer(), method["init_alpha"].real(), method["tol_obj"].real(),
      method["tol_rel_obj"].real(), method["tol_grad"].real(), method["tol_rel_grad"].real(),
      method["tol_param"].real(), method["max_lbfgs_iters"].integer(),
      method["num_elbo_draws"].integer(), method["num_draws"].integer(),
      method["num_psis_draws"].integer(), static_cast<int>(run.n_chains), save_iterations,
      run.refresh(), run.interrupt, run.logger, run.init_writers, run.outputs.draws,
      run.outputs.diagnostic_records, combined, no_record, method["calculate_lp"].flag(),
      method["psis_resample"].flag());
}

}  // namespace

int run_pathfinder(Run& run) {
  const Argument& method = run.method;
  const auto n_drawn = static_cast<unsigned int>(method["num_draws"].integer()) * run.n_chains;
  if (static_cast<unsigned int>(method["num_psis_draws"].integer()) > n_drawn) {
    run.logger.warn(
        "Warning: Number of PSIS draws is larger than the total number of draws returned by the "
        "single Pathfinders. This is likely unintentional and leads to re-sampling from the same "
        "draws.");
  }
  if (run.model.num_params_r() == 0) {
    throw std::invalid_argument("Model has 0 parameters, cannot run Pathfinder.");
  }
  const bool has_record = !run.table["output"]["diagnostic_file"].text().empty();
  const bool save_paths = method["save_single_paths"].flag();
  return run.n_chains == 1 ? run_single(run, save_paths || has_record)
                           : run_multi(run, save_paths);
}

}  // namespace driver

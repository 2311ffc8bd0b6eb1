// The parts of `sample`, one per translation unit: each sampler is costly to compile.
#ifndef DRIVER_SAMPLE_HPP
#define DRIVER_SAMPLE_HPP

#include "run.hpp"

namespace driver {

// A run of a Markov chain with its common settings.
struct Chains {
  Run& run;
  int n_warmup;
  int n_draws;
  int thin;
  bool save_warmup;
};

// What Hamiltonian Monte Carlo adds.
struct Hmc {
  const Argument& arguments;
  const Argument& adapt;
  // Per chain a context with `inv_metric`; the identity where no file was given.
  std::vector<Context> metrics;

  const Argument& engine() const { return arguments["engine"].selected(); }
  bool has_metric(std::string_view name) const { return arguments["metric"].selects(name); }
  double step_size() const { return arguments["stepsize"].real(); }
  double jitter() const { return arguments["stepsize_jitter"].real(); }
};

int run_fixed_param(const Chains& chains);
int run_nuts(const Chains& chains, const Hmc& hmc);
int run_nuts_adapt(const Chains& chains, const Hmc& hmc);
int run_static(const Chains& chains, const Hmc& hmc);
int run_static_adapt(const Chains& chains, const Hmc& hmc);

}  // namespace driver

#endif

// The one table of arguments. Parsing, the echo on the console, the comment lines of the
// CSV files, the JSON configuration and the help text are all read off it.
#include "arguments.hpp"

#include <stan/math/prim/core/init_threadpool_tbb.hpp>

#include <chrono>
#include <climits>
#include <cmath>
#include <utility>

namespace driver {
namespace {

const Rule any{};
const Rule path{"Path to existing file", any.accepts};
const Rule on_off{"[0, 1, false, true]", any.accepts};
const Rule new_file{"File(s) should not already exist", any.accepts};
const Rule positive{"0 < %", [](double x) { return x > 0; }};
// CmdStan words these two as if they were strict.
const Rule non_negative{"0 < %", [](double x) { return x >= 0; }};
const Rule unsigned_integer{"0 < %", any.accepts};

Rule between(double low, double high) {
  return {std::to_string(low) + " <= % <= " + std::to_string(high),
          [=](double x) { return low <= x && x <= high; }};
}

Argument scalar(std::string name, Value standard, std::string description, Rule rule,
                std::string default_text) {
  Argument made{Kind::scalar, std::move(name), std::move(description)};
  made.value = made.standard = std::move(standard);
  made.rule = std::move(rule);
  made.default_text = std::move(default_text);
  return made;
}

template <class Number>
Argument number(std::string name, Number standard, std::string description, Rule rule) {
  return scalar(std::move(name), standard, std::move(description), std::move(rule),
                to_text(standard));
}

Argument flag(std::string name, bool standard, std::string description) {
  return number(std::move(name), standard, std::move(description), on_off);
}

Argument file(std::string name, std::string standard, std::string description,
              Rule rule = path, std::string default_text = "\"\"") {
  return scalar(std::move(name), std::move(standard), std::move(description), std::move(rule),
                std::move(default_text));
}

Argument group(std::string name, std::string description, std::vector<Argument> children = {}) {
  return {Kind::group, std::move(name), std::move(description), std::move(children)};
}

Argument mark(std::string name, std::string description) {
  return {Kind::mark, std::move(name), std::move(description)};
}

Argument choice(std::string name, std::string description, std::size_t usual,
                std::vector<Argument> alternatives) {
  Argument made{Kind::choice, std::move(name), std::move(description), std::move(alternatives)};
  made.chosen = made.usual = usual;
  return made;
}

Argument seed_from_clock() {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  Argument made = scalar(
      "seed", -1LL, "Random number generator seed",
      {"non-negative integer < 4294967296  or -1 to generate seed from system time",
       [](double x) { return (x >= 0 && x <= UINT_MAX) || x == -1; }},
      "-1");
  made.stand_in = static_cast<unsigned int>(now);
  return made;
}

Argument threads() {
#ifdef STAN_THREADS
  return scalar("num_threads", stan::math::internal::get_num_threads(),
                "Number of threads available to the program.",
                {"num_threads > 0 || num_threads == -1", [](double x) { return x > -2 && x != 0; }},
                "1 or the value of the STAN_NUM_THREADS environment variable if set.");
#else
  return scalar("num_threads", 1,
                "Number of threads available to the program. To use this argument, re-compile this "
                "model with STAN_THREADS=true.",
                {"num_threads == 1", [](double x) { return x == 1; }}, "1");
#endif
}

const char* const one_per_chain
    = " With several chains: one path, to which _ID is appended, or a comma-separated list.";

const char* const jacobian_help
    = "When true, include change-of-variables adjustment for constraining parameter transforms";

std::vector<Argument> line_search() {
  return {
      number("init_alpha", 0.001, "Line search step size for first iteration", positive),
      number("tol_obj", 1e-12,
             "Convergence tolerance on absolute changes in objective function value", positive),
      number("tol_rel_obj", 1e+4,
             "Convergence tolerance on relative changes in objective function value", positive),
      number("tol_grad", 1e-8, "Convergence tolerance on the norm of the gradient", positive),
      number("tol_rel_grad", 1e+7, "Convergence tolerance on the relative norm of the gradient",
             positive),
      number("tol_param", 1e-8, "Convergence tolerance on changes in parameter value", positive),
  };
}

std::vector<Argument> line_search_with_history(std::vector<Argument> more = {}) {
  std::vector<Argument> all = line_search();
  all.push_back(number("history_size", 5, "Amount of history to keep for L-BFGS", positive));
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Argument hmc() {
  return group("hmc", "Hamiltonian Monte Carlo", {
      choice("engine", "Engine for Hamiltonian Monte Carlo", 1, {
          group("static", "Static integration time", {
              number("int_time", 6.28318530717959,
                     "Total integration time for Hamiltonian evolution, default is 2 * pi",
                     positive)}),
          group("nuts", "The No-U-Turn Sampler", {
              number("max_depth", 10, "Maximum tree depth", positive)})}),
      choice("metric", "Geometry of base manifold", 1, {
          mark("unit_e", "Euclidean manifold with unit metric"),
          mark("diag_e", "Euclidean manifold with diag metric"),
          mark("dense_e", "Euclidean manifold with dense metric")}),
      file("metric_file", "", std::string("Input file with precomputed Euclidean metric.") + one_per_chain,
           any, ""),
      number("stepsize", 1.0, "Step size for discrete evolution", positive),
      number("stepsize_jitter", 0.0, "Uniformly random jitter of the stepsize, in percent",
             between(0, 1))});
}

Argument sample() {
  return group("sample", "Bayesian inference with Markov Chain Monte Carlo", {
      number("num_samples", 1000, "Number of sampling iterations", non_negative),
      number("num_warmup", 1000, "Number of warmup iterations", non_negative),
      flag("save_warmup", false, "Stream warmup samples to output?"),
      number("thin", 1, "Period between saved samples", positive),
      group("adapt", "Warmup Adaptation", {
          flag("engaged", true, "Adaptation engaged?"),
          number("gamma", 0.05, "Adaptation regularization scale", positive),
          number("delta", 0.8, "Adaptation target acceptance statistic",
                 between(0.1, std::nextafter(1.0, 0.0))),
          number("kappa", 0.75, "Adaptation relaxation exponent", positive),
          number("t0", 10.0, "Adaptation iteration offset", positive),
          number("init_buffer", 75U, "Width of initial fast adaptation interval",
                 unsigned_integer),
          number("term_buffer", 50U, "Width of final fast adaptation interval", unsigned_integer),
          number("window", 25U, "Initial width of slow adaptation interval", unsigned_integer),
          flag("save_metric", false, "Save metric as JSON?")}),
      choice("algorithm", "Sampling algorithm", 0, {
          hmc(),
          mark("fixed_param", "Fixed Parameter Sampler")}),
      number("num_chains", 1, "Number of chains", positive)});
}

Argument optimize() {
  return group("optimize", "Point estimation", {
      choice("algorithm", "Optimization algorithm", 1, {
          group("bfgs", "BFGS with linesearch", line_search()),
          group("lbfgs", "LBFGS with linesearch", line_search_with_history()),
          group("newton", "Newton's method")}),
      flag("jacobian", false, jacobian_help),
      number("iter", 2000, "Total number of iterations", positive),
      flag("save_iterations", false, "Stream optimization progress to output?")});
}

Argument variational() {
  return group("variational", "Variational inference", {
      choice("algorithm", "Variational inference algorithm", 0, {
          group("meanfield", "mean-field approximation"),
          group("fullrank", "full-rank covariance")}),
      number("iter", 10000, "Maximum number of ADVI iterations.", positive),
      number("grad_samples", 1, "Number of Monte Carlo draws for computing the gradient.",
             positive),
      number("elbo_samples", 100, "Number of Monte Carlo draws for estimate of ELBO.", positive),
      number("eta", 1.0, "Stepsize scaling parameter.", positive),
      group("adapt", "Eta Adaptation for Variational Inference", {
          flag("engaged", true, "Boolean flag for eta adaptation."),
          number("iter", 50, "Number of iterations for eta adaptation.", positive)}),
      number("tol_rel_obj", 0.01, "Relative tolerance parameter for convergence.", positive),
      number("eval_elbo", 100, "Number of iterations between ELBO evaluations", positive),
      number("output_samples", 1000, "Number of approximate posterior output draws to save.",
             positive)});
}

Argument diagnose() {
  return group("diagnose", "Model diagnostics", {
      choice("test", "Diagnostic test", 0, {
          group("gradient", "Check model gradient against finite differences", {
              scalar("epsilon", 1e-6, "Finite difference step size", positive, "1e-6"),
              scalar("error", 1e-6, "Error threshold", positive, "1e-6")})})});
}

Argument generate_quantities() {
  return group("generate_quantities", "Generate quantities of interest", {
      file("fitted_params", "",
           std::string("Input file of sample of fitted parameter values for model conditioned on data.")
               + one_per_chain),
      number("num_chains", 1, "Number of chains", positive)});
}

Argument pathfinder() {
  return group("pathfinder", "Pathfinder algorithm", line_search_with_history({
      number("num_psis_draws", 1000, "Number of draws from PSIS sample", positive),
      number("num_paths", 4, "Number of single pathfinders", positive),
      flag("save_single_paths", false, "Output single-path pathfinder draws as CSV"),
      flag("psis_resample", true,
           "If true, perform psis resampling on samples returned from individual pathfinders. If "
           "false, returns num_paths * num_draws samples"),
      flag("calculate_lp", true,
           "If true, individual pathfinders lp calculations are calculated and returned with the "
           "output. If false, each pathfinder will only  calculate the lp values needed for the "
           "elbo calculation. If false, psis resampling cannot be performed and the algorithm "
           "returns num_paths * num_draws samples. The output will still contain any lp values "
           "used when calculating ELBO scores within LBFGS iterations."),
      number("max_lbfgs_iters", 1000, "Maximum number of LBFGS iterations", positive),
      number("num_draws", 1000, "Number of approximate posterior draws", positive),
      number("num_elbo_draws", 25, "Number of Monte Carlo draws to evaluate ELBO", positive)}));
}

Argument log_prob() {
  return group("log_prob",
               "Return the log density up to a constant and its gradients, given supplied "
               "parameters", {
      file("unconstrained_params", "",
           "Input file (JSON or R dump) of parameter values on unconstrained scale"),
      file("constrained_params", "",
           "Input file (JSON or R dump) of parameter values on constrained scale"),
      flag("jacobian", true, jacobian_help)});
}

Argument laplace() {
  return group("laplace", "Sample from a Laplace approximation", {
      file("mode", "",
           "A specification of a mode on the constrained scale for all model parameters, either in "
           "JSON or CSV format.",
           any, ""),
      flag("jacobian", true, std::string(jacobian_help) + "."),
      number("draws", 1000, "Number of draws from the laplace approximation", non_negative),
      flag("calculate_lp", true,
           "If true, calculate the log probability of the model at each draw.")});
}

Argument output() {
  return group("output", "File output options", {
      file("file", "output.csv", std::string("Output file.") + one_per_chain, new_file, "output.csv"),
      file("diagnostic_file", "",
           std::string("Auxiliary output file for diagnostic information.") + one_per_chain, new_file),
      scalar("refresh", 100, "Number of iterations between screen updates",
             {"0 <= %", non_negative.accepts}, "100"),
      number("sig_figs", 8,
             "The number of significant figures in the output files; -1 leaves it to the system, "
             "whose default is 6 on most. Draws that are to be read again (generate_quantities, "
             "inits) should have 8 at least.",
             {"0 <= sig_figs <= 18 or sig_figs == -1",
              [](double x) { return x >= -1 && x <= 18; }}),
      file("profile_file", "profile.csv", "File to store profiling information",
           {"Valid path and write access to the folder", any.accepts}),
      flag("save_cmdstan_config", false,
           "Save the CmdStan configuration (parsed arguments + default values) as JSON alongside "
           "the output files")});
}

}  // namespace

Argument argument_table() {
  return group("", "", {
      choice("method", "Analysis method (Note that method= is optional)", 0,
             {sample(), optimize(), variational(), diagnose(), generate_quantities(), pathfinder(),
              log_prob(), laplace()}),
      scalar("id", 1, "Unique process identifier", {"id >= 0", non_negative.accepts}, "1"),
      group("data", "Input data options", {file("file", "", "Input data file")}),
      scalar("init", std::string("2"),
             std::string("Initialization method: \"x\" initializes randomly between [-x, x], \"0\" "
                         "initializes to 0, anything else identifies a file of values.")
                 + one_per_chain,
             any, "\"2\""),
      group("random", "Random number configuration", {seed_from_clock()}),
      output(),
      threads()});
}

}  // namespace driver

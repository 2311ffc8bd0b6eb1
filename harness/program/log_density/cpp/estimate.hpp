// What a climb is asked, what it estimates, and its steps.
#ifndef HARNESS_ESTIMATE_HPP
#define HARNESS_ESTIMATE_HPP

#include "gaussian.hpp"

namespace harness {

struct Settings {
  Family family = Family::mean_field;
  int rank = 0;
  bool leading = true;        // of mean-field on many parameters: whether leading directions are looked for
  double tolerance = 0.02;    // error of means and log sds, in sds
  double max_passes = 20000;  // evaluations, counted by their share of the rows
  double radius = 2;          // of the uniform start
  unsigned int seed = 1;
};

// What a tally says of the distance to the optimum.
struct Estimate {
  Vector step, step_error;  // of the mean, in sds
  Vector off, off_error;    // of the logarithms of the sds
  Vector spread, spread_error;  // of the logarithms of the sds, by what leading directions make of them
  bool is_solved = true;    // whether the step is Newton's

  bool has_errors_below(double limit) const {
    return step_error.maxCoeff() < limit && off_error.maxCoeff() < limit
           && (spread.size() == 0 || spread_error.maxCoeff() < limit);
  }
};

// A step of the Gaussian.
struct Change {
  Vector mean, log_scale;

  // Each scale by no more than a factor of two.
  void bound() { log_scale = log_scale.cwiseMax(-0.7).cwiseMin(0.5); }
  // In the same direction, but no longer than a radius, and each scale by no more than a factor; says how long it was.
  double shorten(const Curvature& metric, double radius) {
    const double size = std::hypot(metric.norm(mean), std::sqrt(2) * log_scale.norm());
    const double share = std::min({1.0, radius / std::max(size, 1e-300),
                                   0.7 / std::max(log_scale.cwiseAbs().maxCoeff(), 1e-300)});
    mean *= share;
    log_scale *= share;
    return size;
  }
  // Where the coordinates' scales change so.
  Curvature of(const Curvature& before) const {
    const Vector by = (-log_scale.array()).exp();
    return before.is_dense() ? Curvature(scaled_both(by, before.matrix()))
                             : before.with_diagonal(before.diagonal().cwiseProduct(by.cwiseAbs2()));
  }
};

// What the largest of n standard normal deviations exceeds with a probability: Mills's ratio.
inline double largest_of(double n, double probability) {
  const double twice = 2 * std::log(2 * n / probability);
  return std::sqrt(std::max(1.0, twice - std::log(twice) - std::log(2 * M_PI)));
}

// As large a deviation as this in normal standard errors, if so many degrees of freedom tell the errors: Abramowitz and
// Stegun (1964), 26.7.5.
inline double of_groups(double z, double freedom) {
  const double z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
}

}  // namespace harness

#endif

// Where an ascent may begin: the path of L-BFGS from a random point.
#ifndef HARNESS_START_HPP
#define HARNESS_START_HPP

#include "evidence.hpp"
#include "gaussian.hpp"

namespace harness {

struct Beginning {
  Vector at;   // where to begin
  Vector end;  // where the path ended
};

// From a point that is uniform within a radius, up the log density of so many blocks of the rows.
class Path {
 public:
  Path(Evidence& evidence, int n_together, double radius, unsigned int seed)
      : evidence_(evidence), n_together_(n_together), radius_(radius), random_(seed), d_(evidence.dimension()) {}

  Beginning operator()() {
    const Minimum start = random_start();
    Vector z = normal(random_, d_);
    z *= std::sqrt(d_) / z.norm();
    const Slope objective = [this](const Vector& at, double& value, Vector& gradient) {
      return evaluate(at, value, gradient);
    };
    // Not the mode itself, which may lie where no mass is, or nowhere: the iterate whose Gaussian, with the covariance
    // that the path tells, has the largest ELBO (Pathfinder).
    Vector best;
    double best_elbo = -INFINITY;
    int next = 3;
    const Watch watch = [&](const Minimum& now, const Memory& memory) {
      if (now.n_iterations < next || d_ > most_watched) {
        return;
      }
      next += std::max(1, next / 5);
      const double elbo = elbo_of(now, memory, z);
      if (elbo > best_elbo) {
        best_elbo = elbo;
        best = now.at;
      }
    };
    const Minimum found = minimise(objective, start, 0.5 + 0.02 * d_, 200, watch);
    return {std::isfinite(best_elbo) ? best : found.at, found.at};
  }

 private:
  static constexpr int most_watched = 1000;  // an ELBO takes a matrix

  bool evaluate(const Vector& at, double& value, Vector& gradient) {
    Point point;
    const bool known = evidence_.some(n_together_, 0, at, point);
    value = -point.value;
    gradient = -point.gradient;
    return known;
  }
  Minimum random_start() {
    std::uniform_real_distribution<double> uniform(-radius_, radius_);
    Minimum start;
    for (int attempt = 0; attempt < 100; ++attempt) {
      start.at = Vector::NullaryExpr(d_, [&] { return uniform(random_); });
      if (evaluate(start.at, start.value, start.gradient)) {
        return start;
      }
    }
    throw std::runtime_error("Initialization failed at 100 points: " + evidence_.last_failure());
  }
  double elbo_of(const Minimum& now, const Memory& memory, const Vector& z) {
    Matrix covariance(d_, d_);
    for (int i = 0; i < d_; ++i) {
      covariance.col(i) = -memory.direction(Vector::Unit(d_, i));
    }
    const Matrix factor = cholesky(0.5 * (covariance + transposed(covariance)));
    if (factor.size() == 0) {
      return -INFINITY;
    }
    const Vector away = product(factor, z);
    double above, below;
    Vector unused;
    if (!evaluate(now.at + away, above, unused) || !evaluate(now.at - away, below, unused)) {
      return -INFINITY;
    }
    return -0.5 * (above + below) + factor.diagonal().array().log().sum();
  }

  Evidence& evidence_;
  const int n_together_;
  const double radius_;
  Random random_;
  const int d_;
};

}  // namespace harness

#endif

// Where an ascent may begin: the path of L-BFGS from a random point.
#ifndef HARNESS_START_HPP
#define HARNESS_START_HPP

#include "evidence.hpp"
#include "gaussian.hpp"

namespace harness {

struct Beginning {
  Vector at;   // where to begin
  Vector end;  // where the path ended
  double log_p;  // there
};

// A path ends where it gains no more than this in five iterations.
inline double least_gain(int d) { return 0.5 + 0.02 * d; }

// The diagonal of the inverse of the curvature that moves tell, by its compact form: Byrd, Nocedal and Schnabel (1994),
// equation 3.1.
inline Vector inverse_diagonal(const std::deque<Memory::Move>& moves, int d) {
  const int n = moves.size();
  if (n == 0) {
    return Vector::Ones(d);
  }
  Matrix s(d, n), y(d, n);
  for (int j = 0; j < n; ++j) {
    s.col(j) = moves[j].move;
    y.col(j) = moves[j].change;
  }
  Matrix lower = product(transposed(y), s);  // the transpose of what is upper triangular in S'Y
  lower.triangularView<Eigen::StrictlyUpper>().setZero();
  const double gamma = 1 / (moves.back().rho * moves.back().change.squaredNorm());
  Matrix middle = gamma * product(transposed(y), y);
  middle.diagonal() += lower.diagonal();
  const Matrix a = product(s, inverse_of_lower(lower));
  return gamma + (product(a, middle) - 2 * gamma * y).cwiseProduct(a).rowwise().sum().array();
}

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
      if (now.n_iterations < next) {
        return;
      }
      next += std::max(1, next / 5);
      const double elbo = elbo_of(now, memory, z);
      if (elbo > best_elbo) {
        best_elbo = elbo;
        best = now.at;
      }
    };
    const Minimum found = minimise(objective, start, least_gain(d_), 200, watch);
    return {std::isfinite(best_elbo) ? best : found.at, found.at, -found.value};
  }

 private:
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
    if (d_ > most_dense) {
      const Vector sd = inverse_diagonal(memory.moves(), d_).cwiseMax(0).cwiseSqrt();
      return elbo_of(now, sd.cwiseProduct(z), sd.array().log().sum());
    }
    Matrix covariance(d_, d_);
    for (int i = 0; i < d_; ++i) {
      covariance.col(i) = -memory.direction(Vector::Unit(d_, i));
    }
    const Matrix factor = cholesky(0.5 * (covariance + transposed(covariance)));
    if (factor.size() == 0) {
      return -INFINITY;
    }
    return elbo_of(now, product(factor, z), factor.diagonal().array().log().sum());
  }
  double elbo_of(const Minimum& now, const Vector& away, double entropy) {
    double above, below;
    Vector unused;
    if (!evaluate(now.at + away, above, unused) || !evaluate(now.at - away, below, unused)) {
      return -INFINITY;
    }
    return -0.5 * (above + below) + entropy;
  }

  Evidence& evidence_;
  const int n_together_;
  const double radius_;
  Random random_;
  const int d_;
};

}  // namespace harness

#endif

// Newton's step on the ELBO of a Gaussian by its means and the logarithms of its coordinates' scales together, which
// stays in each family.
#ifndef HARNESS_COUPLING_HPP
#define HARNESS_COUPLING_HPP

#include "probe.hpp"

namespace harness {

struct Together {
  Vector step;    // of the means, in sds
  Vector change;  // of the logarithms of the scales
  double left = 0;

  double far() const { return std::max(step.cwiseAbs().maxCoeff(), change.cwiseAbs().maxCoeff()); }
};

// The ELBO's Hessian is that over fixed points (Giordano, Ingram and Broderick 2024), by differences of gradients, in
// units in which it is the identity for a mean-field one whose means and sds do not depend on one another.
class Coupling {
 public:
  Coupling(Evidence& evidence, const Gaussian& q, const Curvature& metric, Random& random)
      : evidence_(evidence), mean_(q.mean), sd_(q.sd()), d_(q.mean.size()),
        unit_(metric.is_dense() ? cholesky(metric.inverse()) : Matrix()) {
    for (int k = 0; k < n_pairs; ++k) {
      points_.push_back({q.away(normal(random, d_)), evidence.next_block()});
    }
    here_ = gradient(Vector::Zero(2 * d_));
  }

  // Gradients that two solutions may take.
  static int most_gradients(int d) { return 2 * n_pairs * (1 + 2 * std::min(2 * d, most)); }

  Together solve(const Vector& by_mean, const Vector& by_scale) const {
    Vector from(2 * d_);
    from << by_mean, by_scale;
    const Solution found = lanczos(transposed_units(from), [&](const Vector& v) {
      return Vector(transposed_units(here_ - gradient(step * units(v))) / step);
    }, most, enough);
    const Vector to = units(found.at);
    return {to.head(d_).cwiseQuotient(sd_), to.tail(d_), found.left};
  }

 private:
  static constexpr int n_pairs = 32, most = 40;
  static constexpr double enough = 0.01, step = 1e-4;
  struct Pair {
    Vector away;
    int block;
  };

  Vector units(const Vector& v) const {
    Vector to(2 * d_);
    to << (unit_.size() ? product(unit_, Vector(v.head(d_))) : Vector(v.head(d_).cwiseProduct(sd_))),
        std::sqrt(0.5) * v.tail(d_);
    return to;
  }
  Vector transposed_units(const Vector& v) const {
    Vector to(2 * d_);
    to << (unit_.size() ? Vector(unit_.transpose() * v.head(d_)) : Vector(v.head(d_).cwiseProduct(sd_))),
        std::sqrt(0.5) * v.tail(d_);
    return to;
  }
  // By means and logarithms of scales, some way from here.
  Vector gradient(const Vector& by) const {
    const Vector mean = mean_ + by.head(d_), scale = by.tail(d_).array().exp();
    Vector sum = Vector::Zero(2 * d_);
    Point above, below;
    int n = 0;
    for (const Pair& pair : points_) {
      const Vector away = scale.cwiseProduct(pair.away);
      if (evidence_.one(pair.block, mean + away, above) && evidence_.one(pair.block, mean - away, below)) {
        sum.head(d_) += 0.5 * (above.gradient + below.gradient);
        sum.tail(d_) += 0.5 * (above.gradient - below.gradient).cwiseProduct(away);
        ++n;
      }
    }
    return sum / std::max(1, n);
  }

  Evidence& evidence_;
  Vector mean_, sd_;
  int d_;
  Matrix unit_;
  std::vector<Pair> points_;
  Vector here_;
};

}  // namespace harness

#endif

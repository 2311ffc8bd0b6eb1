// Newton's step on the ELBO of a Gaussian by its means and the logarithms of its coordinates' scales together, which
// stays in each family.
#ifndef HARNESS_COUPLING_HPP
#define HARNESS_COUPLING_HPP

#include "probe.hpp"
#include "tally.hpp"

namespace harness {

struct Together {
  Vector step, step_error;      // of the means, in sds
  Vector change, change_error;  // of the logarithms of the scales

  double far() const { return std::max(step.cwiseAbs().maxCoeff(), change.cwiseAbs().maxCoeff()); }
  double error() const { return std::max(step_error.maxCoeff(), change_error.maxCoeff()); }
};

// The ELBO's Hessian is that over fixed points (Giordano, Ingram and Broderick 2024), by differences of gradients, but for
// the quadratic part, whose own is known: the points' sample covariance would be in it.  In units in which it is the
// identity for a mean-field one whose means and sds do not depend on one another, the Lanczos process tells where it is
// another.
class Coupling {
 public:
  Coupling(Evidence& evidence, const Gaussian& q, const Curvature& metric, const Directions& directions, Random& random,
           const Tally& tally)
      : evidence_(evidence), mean_(q.mean), sd_(q.sd()), d_(q.mean.size()),
        unit_(metric.is_dense() ? cholesky(metric.inverse()) : Matrix()), metric_(metric),
        scale_unit_(Vector::Constant(d_, std::sqrt(0.5))) {
    if (q.is_lean()) {  // by the scales too, correlations curve the ELBO
      const Vector squares = metric.entries().cwiseProduct(sd_.cwiseAbs2());
      scale_unit_ = (1 + squares.array()).sqrt().inverse();
    }
    Normals normals(directions, d_, n_pairs, random, 1);
    for (int k = 0; k < n_pairs; ++k) {
      points_.push_back({q.away(normals.next()), evidence.next_block()});
    }
    // in a funnel a model of the curvature adds to the noise
    const bool is_modelled = 2 * tally.width.error().norm() < tally.bare_width.error().norm();
    const Curvature& model = q.family() == Family::mean_field || q.is_lean() ? metric : q.curvature();
    const Expected expected = is_modelled ? expected_of(q, model) : Expected();
    const auto gradient = [&](const Vector& by) { return this->gradient(by, model, expected); };
    const Vector here = gradient(Vector::Zero(2 * d_));
    const Vector from = transposed_units(both(tally.gradient.mean(), tally.width.mean()));
    found_ = krylov(from.norm() > 0 ? from : Vector(Vector::Ones(2 * d_)), [&](const Vector& v) {
      return Vector(transposed_units(here - gradient(step * units(v))) / step);
    }, most, enough);
    points_.clear();
  }

  // Gradients that it may take.
  static int most_gradients(int d) { return 2 * n_pairs * (1 + std::min(2 * d, most)); }

  // By what a tally says.  The gradient by the scales is estimated with and without a model of the curvature, and either
  // may have the smaller noise.
  Together solve(const Tally& tally) const {
    const Together modelled = solve(tally.gradient, tally.width), bare = solve(tally.gradient, tally.bare_width);
    return bare.error() < modelled.error() ? bare : modelled;
  }
  // How far a Gaussian is from that which it was made for, in sds.
  double from(const Gaussian& q) const {
    return std::max((q.mean - mean_).cwiseQuotient(sd_).cwiseAbs().maxCoeff(),
                    q.sd().cwiseQuotient(sd_).array().log().abs().maxCoeff());
  }

 private:
  static constexpr int n_pairs = 32, most = 40;
  static constexpr double enough = 1e-4, step = 1e-4;
  struct Pair {
    Vector away;
    int block;
  };

  Together solve(const Mean& by_mean, const Mean& by_scale) const {
    const Vector newton = solve(both(by_mean.mean(), by_scale.mean()));
    Vector squares = Vector::Zero(2 * d_);
    const std::vector<Vector> of_mean = by_mean.deviations(), of_scale = by_scale.deviations();
    for (std::size_t k = 0; k < of_mean.size(); ++k) {
      squares += solve(both(of_mean[k], of_scale[k])).cwiseAbs2();
    }
    const Vector error = squares.cwiseSqrt();
    return {newton.head(d_).cwiseQuotient(sd_), error.head(d_).cwiseQuotient(sd_), newton.tail(d_), error.tail(d_)};
  }
  Vector solve(const Vector& gradient) const { return units(found_.solve_all(transposed_units(gradient))); }
  Vector both(const Vector& a, const Vector& b) const {
    Vector joined(2 * d_);
    joined << a, b;
    return joined;
  }
  Vector units(const Vector& v) const {
    const Vector mean = v.head(d_);
    return both(unit_.size() ? product(unit_, mean) : metric_.leading() ? metric_.from_unit(mean) : mean.cwiseProduct(sd_),
                scale_unit_.cwiseProduct(v.tail(d_)));
  }
  Vector transposed_units(const Vector& v) const {
    const Vector mean = v.head(d_);
    return both(unit_.size()         ? Vector(unit_.transpose() * mean)
                : metric_.leading() ? metric_.transposed_from_unit(mean)
                                    : mean.cwiseProduct(sd_),
                scale_unit_.cwiseProduct(v.tail(d_)));
  }
  // What the quadratic part adds to the gradient by the logarithms of the scales, at some scales.
  using Expected = std::function<Vector(const Vector&)>;
  static Expected expected_of(const Gaussian& q, const Curvature& model) {
    if (q.is_lean()) {
      return [q, model](const Vector& scale) { return Vector(scale.cwiseProduct(q.products(model, scale))); };
    }
    return [expected = q.products(model)](const Vector& scale) {
      return expected.cols() > 1 ? Vector(scale.cwiseProduct(product(expected, scale)))
                                 : Vector(expected.cwiseProduct(scale.cwiseAbs2()));
    };
  }
  // By means and logarithms of scales, some way from here.
  Vector gradient(const Vector& by, const Curvature& model, const Expected& expected) const {
    const Vector mean = mean_ + by.head(d_), scale = by.tail(d_).array().exp();
    Vector sum = Vector::Zero(2 * d_);
    Point above, below;
    int n = 0;
    for (const Pair& pair : points_) {
      const Vector away = scale.cwiseProduct(pair.away);
      if (evidence_.one(pair.block, mean + away, above) && evidence_.one(pair.block, mean - away, below)) {
        sum.head(d_) += 0.5 * (above.gradient + below.gradient);
        sum.tail(d_) += 0.5 * (above.gradient - below.gradient).cwiseProduct(away);
        if (expected) {
          sum.tail(d_) += model.times(away).cwiseProduct(away);
        }
        ++n;
      }
    }
    sum /= std::max(1, n);
    if (expected) {
      sum.tail(d_) -= expected(scale);
    }
    return sum;
  }

  Evidence& evidence_;
  Vector mean_, sd_;
  int d_;
  Matrix unit_;
  Curvature metric_;
  Vector scale_unit_;
  std::vector<Pair> points_;
  Krylov found_;
};

}  // namespace harness

#endif

// What antithetic pairs of points of a Gaussian say of its ELBO.
#ifndef HARNESS_TALLY_HPP
#define HARNESS_TALLY_HPP

#include "gaussian.hpp"
#include "mean.hpp"
#include "nets.hpp"

namespace harness {

// What pairs of points add up to.
struct Tally {
  explicit Tally(bool independent = true)
      : value(independent), gradient(independent), step(independent), scale(independent), width(independent),
        bare_width(independent), is_independent(independent) {}

  int n_tried = 0;
  Mean value;          // log density
  Mean gradient;       // of its mean with respect to the Gaussian's mean
  Mean step;           // Newton's to the best mean
  Mean scale;          // by how much the curvature exceeds what the Gaussian says, in its own units: half of
                       // E[-H] sd^2 - 1 for each coordinate, of whitened ones where it is dense; where it is lean, by
                       // how much the logarithm of the curvature's diagonal does, halved
  Mean width, bare_width;  // the ELBO's gradient by the logarithms of the coordinates' scales, and without the model of
                           // the curvature: in a funnel its noise is that of the mean's gradient, and they cancel
  bool is_independent;  // whether the points are
  Matrix residual_z, z_z;  // sums for the curvature's regression
  double noise = 0;    // of a pair's step, squared, in units of the curvature
  bool varied = false;  // whether the control variate was taken

  // Sums of the gradients' deviations with random signs, each as large as the error of their mean.
  std::vector<Vector> noises() const {
    std::vector<Vector> found;
    for (const Signed& one : signs) {
      found.push_back((one.sum - one.n * gradient.mean()) / n());
    }
    return found;
  }
  struct Signed {
    Vector sum;
    int n = 0;  // positive less negative signs
  };
  std::vector<Signed> signs;

  int n() const { return value.n(); }
  bool has_failed() const { return 2 * n() < n_tried || n() < 4; }
};

// Gradients at mean + away and mean - away on one block of rows: their mean has no term of first order in `away`
// (antithetic pairs), and half of their difference is minus the curvature times `away` but for its third order, of
// which a model of the curvature leaves the residual only (a control variate for the covariance).
class Sampler {
 public:
  Sampler(Evidence& evidence, const Directions& directions, unsigned int seed)
      : evidence_(evidence), directions_(directions), random_(seed * 2246822519u + 3) {}

  Tally operator()(const Gaussian& q, const Curvature& metric, int n, bool with_signs = false) {
    const int d = q.mean.size();
    const bool lean = q.is_lean(), dense = q.family() != Family::mean_field && !lean;
    const Curvature& model = dense ? q.curvature() : metric;
    const int regressed = model.is_dense() ? d : 0;
    Normals normals(directions_, d, n, random_, Mean::n_groups);
    Tally plain(normals.are_independent()), varied = plain;
    plain.signs.resize(with_signs ? n_signs : 0);
    varied.signs = plain.signs;
    Matrix residual_z = Matrix::Zero(regressed, regressed), z_z = residual_z;
    const double quadratic = 0.5 * q.mean_square(model);
    const Vector unmodelled = Vector::Ones(d) - q.mean_squares(model);
    const Vector of_model = lean ? Vector(0.5 * (model.entries().cwiseQuotient(q.curvature().diagonal()).array() - 1))
                                 : Vector();
    Point above, below, excess;
    for (int k = 0; k < n; ++k) {
      const int group = k % Mean::n_groups;
      const Vector z = normals.next(), away = q.away(z);
      const int block = evidence_.next_block();
      const bool known = evidence_.one(block, q.mean + away, above) && evidence_.one(block, q.mean - away, below);
      if (!known) {
        continue;
      }
      // without the quadratic part, which is known in the mean
      const Vector modelled = model.times(away);
      const double value = 0.5 * (above.value + below.value) + 0.5 * away.dot(modelled) - quadratic;
      add(plain, group, metric, value, 0.5 * (above.gradient + below.gradient));
      if (evidence_.has_anchor() && evidence_.excess(block, excess)) {
        const double ahead = excess.gradient.dot(q.mean - evidence_.anchor());
        add(varied, group, metric, value - excess.value - ahead,
            0.5 * (above.gradient + below.gradient) - excess.gradient);
      }
      const Vector residual = 0.5 * (above.gradient - below.gradient) + modelled;
      plain.width.add(unmodelled + residual.cwiseProduct(away), group);
      plain.bare_width.add(Vector::Ones(d) + (residual - modelled).cwiseProduct(away), group);
      if (lean) {  // by Stein's lemma, the diagonal of the curvature
        const Vector more = residual.cwiseProduct(q.inverse_of_away(z)).cwiseQuotient(q.curvature().diagonal());
        plain.scale.add(of_model - 0.5 * more, group);
        continue;
      }
      const Vector white = q.whitened(residual);
      if (regressed > 0) {
        residual_z += white * z.transpose();
        z_z += z * z.transpose();
      }
      if (dense) {
        plain.scale.add(-0.5 * white.cwiseProduct(z), group);
      } else {
        plain.scale.add(-0.5 * (unmodelled + white.cwiseProduct(z)), group);
      }
    }
    finish(plain, metric);
    finish(varied, metric);
    // the control variate is dropped where it would add to the noise
    const bool better = varied.n() == plain.n() && plain.n() > 0 && varied.noise < plain.noise;
    Tally& taken = better ? varied : plain;
    const Mean scale = plain.scale, width = plain.width, bare_width = plain.bare_width;
    taken.scale = scale;
    taken.width = width;
    taken.bare_width = bare_width;
    taken.varied = better;
    taken.n_tried = n;
    taken.residual_z = std::move(residual_z);
    taken.z_z = std::move(z_z);
    return taken;
  }

  const Directions& directions() const { return directions_; }

  // Whether the ELBO of one Gaussian is larger than another's beyond the noise, at the same points of both; or at every
  // point, where the other's is so small that its mean cannot be told.
  bool is_better(const Gaussian& one, const Gaussian& other, int n) {
    Mean by;
    int n_ahead = 0;
    const auto elbo = [&](const Gaussian& q, const Vector& z, int block) {
      Point above, below;
      const Vector away = q.away(z);
      const bool known = evidence_.one(block, q.mean + away, above) && evidence_.one(block, q.mean - away, below);
      const double found = known ? 0.5 * (above.value + below.value) + q.entropy() : -INFINITY;
      return std::isfinite(found) ? found : -INFINITY;
    };
    for (int k = 0; k < n; ++k) {
      const Vector z = normal(random_, one.mean.size());
      const int block = evidence_.next_block();
      const double of_one = elbo(one, z, block), of_other = elbo(other, z, block);
      n_ahead += of_one > of_other;
      if (std::isfinite(of_one) && std::isfinite(of_other)) {
        by.add(Vector::Constant(1, of_one - of_other), k % Mean::n_groups);
      }
    }
    return n_ahead == n || (by.n() > 0 && by.mean()[0] > 3 * by.error()[0]);
  }

 private:
  void add(Tally& tally, int group, const Curvature& metric, double value, const Vector& gradient) {
    tally.value.add(Vector::Constant(1, value), group);
    tally.gradient.add(gradient, group);
    const Vector step = metric.solve(gradient);
    tally.step.add(step, group);
    tally.noise += gradient.dot(step);
    for (Tally::Signed& one : tally.signs) {
      const int sign = std::bernoulli_distribution()(signs_) ? 1 : -1;
      one.sum = one.n == 0 && one.sum.size() == 0 ? Vector(sign * gradient) : Vector(one.sum + sign * gradient);
      one.n += sign;
    }
  }
  static void finish(Tally& tally, const Curvature& metric) {
    if (tally.n() < 2) {
      return;
    }
    if (tally.is_independent) {
      const Vector mean = tally.gradient.mean();
      tally.noise = std::max(0.0, (tally.noise - tally.n() * mean.dot(metric.solve(mean))) / (tally.n() - 1));
      return;
    }
    tally.noise = 0;
    for (const Vector& deviation : tally.gradient.deviations()) {
      tally.noise += tally.n() * deviation.dot(metric.solve(deviation));
    }
  }

  static constexpr int n_signs = 4;
  Evidence& evidence_;
  const Directions& directions_;
  Random random_, signs_;
};

}  // namespace harness

#endif

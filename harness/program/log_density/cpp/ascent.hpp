// ADVI: the Gaussian of a family that has the largest ELBO, by natural-gradient steps.
//
// In units of the Gaussian the natural gradient by the mean is the step of Newton's method on the ELBO, and that by the
// covariance is what the expected curvature of the log density has beyond the Gaussian's own.  While they are larger
// than their noise, steps are whole, within a radius; then they are averages of all since, over more and more pairs of
// points, so that each further step is an independent estimate of the distance to the optimum, with its error.
#ifndef HARNESS_ASCENT_HPP
#define HARNESS_ASCENT_HPP

#include "tally.hpp"

#include <chrono>

namespace harness {

struct Settings {
  Family family = Family::mean_field;
  int rank = 0;
  double tolerance = 0.02;    // error of means and log sds, in sds
  double max_passes = 20000;  // evaluations, counted by their share of the rows
  double radius = 2;          // of the uniform start
  unsigned int seed = 1;
};

enum class End { converged = 0, budget = 1, unbounded = 2, diverging = 3 };

struct Trace {
  double passes, elbo, elbo_error, distance, n_pairs, seconds;
};

class Ascent {
 public:
  Ascent(Evidence& evidence, const Settings& settings)
      : evidence_(evidence), settings_(settings), d_(evidence.dimension()), sampler_(evidence, settings.seed) {}

  void run() {
    find_start();
    start_time_s = elapsed();
    for (end = End::budget; evidence_.passes() < settings_.max_passes;) {
      if (is_unbounded()) {
        end = End::unbounded;
        return;
      }
      keep_anchor_near();
      const Tally tally = sampler_(q, metric_, checking_ ? std::max(least_pairs, n_pairs_ / 4) : n_pairs_);
      ++n_iterations;
      if (is_refused(tally)) {
        if (++n_refused_ > 30) {
          end = End::diverging;
          return;
        }
        continue;
      }
      n_refused_ = 0;
      note(tally);
      if (is_close(tally) && has_measured_here()) {
        if (checking_) {
          end = End::converged;
          return;
        }
        move(tally, n_pairs_ / (weight_ + n_pairs_));
        checking_ = true;
        continue;
      }
      checking_ = false;
      step(tally);
    }
  }

  Gaussian q;
  End end = End::budget;
  int n_iterations = 0;
  std::vector<Trace> trace;
  double distance = INFINITY, distance_error = INFINITY, start_time_s = 0;

 private:
  static constexpr int dense_limit = 1000;

  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

  // ---- The start: near a mode of some of the rows, with the curvature there.
  void find_start() {
    Random random(settings_.seed * 40503u + 11);
    std::uniform_real_distribution<double> uniform(-settings_.radius, settings_.radius);
    const double rows_wanted = 1000 + 20.0 * d_;
    n_together_ = std::min(evidence_.n_blocks(), evidence_.blocks_of(rows_wanted));
    const Slope objective = [&](const Vector& at, double& value, Vector& gradient) {
      Point point;
      const bool known = evidence_.some(n_together_, 0, at, point);
      value = -point.value;
      gradient = -point.gradient;
      return known;
    };
    Minimum start;
    bool known = false;
    for (int attempt = 0; attempt < 100 && !known; ++attempt) {
      start.at = Vector::NullaryExpr(d_, [&] { return uniform(random); });
      known = objective(start.at, start.value, start.gradient);
    }
    if (!known) {
      throw std::runtime_error("Initialization failed at 100 points: " + evidence_.last_failure());
    }
    // not to the mode itself, which may lie where no mass is, or nowhere
    const Minimum found = minimise(objective, start, 0.5 + 0.02 * d_, 200);
    const Vector units = 1e-3 * (found.at.cwiseAbs().array() + 1);
    measure(found.at, units);
    q = Gaussian(settings_.family, settings_.rank, found.at, metric_);
    radius_ = std::max(2.0, std::sqrt(double(d_)));
    n_pairs_ = least_pairs;
    narrow();
  }
  // As narrow as the ELBO says: the curvature at a point may be that of a wide plain where there is none.
  void narrow() {
    double best = -INFINITY;
    for (int halvings = 0; halvings < 40; ++halvings) {
      Gaussian narrower = q;
      narrower.scale(halvings == 0 ? 1 : 0.5);
      const Tally tally = sampler_(narrower, metric_, least_pairs / 2);
      const double elbo = tally.has_failed() ? -INFINITY : tally.value.mean()[0] + narrower.entropy();
      if (std::isfinite(best) && !(elbo > best)) {
        break;
      }
      q = narrower;
      best = elbo;
    }
    follow();
  }
  // The metric in units of the Gaussian.
  void follow() {
    metric_ = q.family() == Family::mean_field ? metric_.with_diagonal(q.curvature().diagonal()) : q.curvature();
  }

  // ---- The curvature at a point, by differences along each axis over the size of the Gaussian there.
  void measure(const Vector& at, const Vector& units) {
    if (d_ > dense_limit) {
      return measure_diagonal(at, units);
    }
    Matrix hessian(d_, d_);
    const int first = evidence_.n_blocks() > 1 ? n_measured_ * n_together_ % evidence_.n_blocks() : 0;
    for (int i = 0; i < d_; ++i) {
      hessian.col(i) = difference(at, Vector::Unit(d_, i), units[i], first);
    }
    metric_ = Curvature(Matrix(-0.5 * (hessian + hessian.transpose())));
    measured_at_ = at;
    ++n_measured_;
  }
  void measure_diagonal(const Vector& at, const Vector& units) {
    Random random(settings_.seed + n_measured_);
    Vector sum = Vector::Zero(d_);
    for (int k = 0; k < 32; ++k) {
      const Vector signs = normal(random, d_).array().sign();
      const Vector along = units.cwiseProduct(signs);
      sum -= difference(at, along, 1, 0).cwiseProduct(signs).cwiseQuotient(units) / 32;
    }
    metric_ = Curvature(sum);
    measured_at_ = at;
    ++n_measured_;
  }
  Vector difference(const Vector& at, const Vector& along, double size, int first) {
    Point above, below;
    for (int attempt = 0; attempt < 8; ++attempt, size /= 4) {
      if (evidence_.some(n_together_, first, at + size * along, above)
          && evidence_.some(n_together_, first, at - size * along, below)) {
        return (above.gradient - below.gradient) / (2 * size);
      }
    }
    return -along.cwiseQuotient(q.mean.size() ? Vector(q.sd().cwiseAbs2()) : Vector::Ones(d_));
  }
  // Whether the curvature was measured near the mean, so that Newton's step is to be believed; else it is now.
  bool has_measured_here() {
    if (q.family() != Family::mean_field || d_ > dense_limit || n_measured_ > 6) {
      return true;
    }
    if (n_measured_ > 1 && metric_.norm(q.mean - measured_at_) < 1) {
      return true;
    }
    if (metric_.norm(q.mean - measured_at_) < 0.1) {
      return true;
    }
    measure_here();
    return false;
  }

  void measure_here() {
    measure(q.mean, q.sd());
    follow();
    weight_ = 0;
  }

  // ---- The control variate: a new anchor where a pass costs less than what it saves.
  void keep_anchor_near() {
    if (evidence_.n_blocks() == 1 || (!trace.empty() && needed_ < evidence_.n_blocks() / 4.0)) {
      return;
    }
    if (evidence_.has_anchor() && metric_.norm(q.mean - evidence_.anchor()) < 0.5) {
      return;
    }
    if (evidence_.has_anchor() && weight_ == 0 && n_since_anchor_ < 3) {
      return;  // on its way
    }
    evidence_.set_anchor(q.mean);
    n_since_anchor_ = 0;
    weight_ = 0;
    n_pairs_ = least_pairs;
    needed_ = 0;
  }

  // ---- Steps that were none: no density there, or an ELBO that fell.
  bool is_refused(const Tally& tally) {
    if (tally.has_failed()) {
      if (has_last_) {
        back();
      } else {
        q.scale(0.5);
      }
      return true;
    }
    elbo_ = tally.value.mean()[0] + q.entropy();
    elbo_error_ = tally.value.error()[0];
    if (has_last_ && elbo_ + 4 * std::hypot(elbo_error_, last_elbo_error_) + 0.01 < last_elbo_) {
      back();
      return true;
    }
    return false;
  }
  void back() {
    q = last_;
    radius_ = std::max(0.05, 0.25 * std::min(radius_, last_size_));
    // a metric that misleads is measured again, then replaced by the Gaussian's own, which knows no correlation
    if (q.family() == Family::mean_field && metric_.is_dense() && ++n_misled_ % 3 == 0) {
      if (n_measured_ < 4) {
        measure_here();
      } else {
        metric_ = metric_.own_diagonal();
      }
    }
    follow();
    has_last_ = false;
    weight_ = 0;
    checking_ = false;
  }

  void note(const Tally& tally) {
    const Vector sd = q.sd();
    const Vector far = tally.step.mean().cwiseQuotient(sd).cwiseAbs(), error = tally.step.error().cwiseQuotient(sd);
    const Vector off = tally.scale.mean().cwiseAbs(), off_error = tally.scale.error();
    Eigen::Index at_mean, at_scale;
    const double mean_off = far.maxCoeff(&at_mean), scale_off = off.maxCoeff(&at_scale);
    distance = std::max(mean_off, scale_off);
    distance_error = mean_off > scale_off ? error[at_mean] : off_error[at_scale];
    const double widest = std::max(error.maxCoeff(), off_error.maxCoeff()) / settings_.tolerance;
    needed_ = tally.n() * widest * widest;
    trace.push_back({evidence_.passes(), elbo_, elbo_error_, distance, double(tally.n()), elapsed()});
  }

  // The errors are small, and every coordinate is at its optimum but for them.
  bool is_close(const Tally& tally) const {
    const Vector sd = q.sd();
    const Vector far = tally.step.mean().cwiseQuotient(sd).cwiseAbs(), error = tally.step.error().cwiseQuotient(sd);
    const Vector off = tally.scale.mean().cwiseAbs(), off_error = tally.scale.error();
    const double share = checking_ ? 2 : 1;  // of a check the error may be that of fewer pairs
    return error.maxCoeff() < share * settings_.tolerance && off_error.maxCoeff() < share * settings_.tolerance
           && (far - 3 * error).maxCoeff() < settings_.tolerance
           && (off - 3 * off_error).maxCoeff() < settings_.tolerance;
  }

  void step(const Tally& tally) {
    const double signal = metric_.norm(tally.step.mean()) * metric_.norm(tally.step.mean())
                          + 2 * tally.scale.mean().squaredNorm();
    const double noise = tally.noise / tally.n() + 2 * tally.scale.error().squaredNorm();
    ++n_since_anchor_;
    if (signal > 3 * noise) {
      weight_ = 0;
      move(tally, 1);
      return;
    }
    const double share = n_pairs_ / (weight_ + n_pairs_);
    weight_ += n_pairs_;
    move(tally, share);
    if (needed_ > n_pairs_) {
      n_pairs_ = std::min(2 * n_pairs_, static_cast<int>(std::max(needed_ * 1.2, 1.0 * least_pairs)));
    }
  }

  void move(const Tally& tally, double share) {
    last_ = q;
    last_elbo_ = elbo_;
    last_elbo_error_ = elbo_error_;
    has_last_ = true;
    Vector by = share * tally.step.mean(), change = -share * damping * tally.scale.mean();
    change = change.cwiseMax(-0.7).cwiseMin(0.5);
    const double size = std::hypot(metric_.norm(by), std::sqrt(2) * change.norm());
    if (size > radius_) {
      by *= radius_ / size;
      change *= radius_ / size;
      share *= radius_ / size;
      radius_ *= 2;
    }
    last_size_ = std::min(size, radius_);
    q.mean += by;
    // of the logarithm of an sd the natural gradient is minus the scale's excess
    q.set_curvature(q.family() == Family::mean_field
                        ? Curvature(Vector(q.curvature().diagonal().array() * (-2 * change.array()).exp()))
                        : regressed(tally, share));
    follow();
  }

  // The expected curvature by least squares: symmetric, and what no pair has seen stays (Powell's symmetric update).
  Curvature regressed(const Tally& tally, double share) const {
    const double ridge = 0.1 * (tally.n() + d_);
    const Matrix regular = tally.z_z + ridge * Matrix::Identity(d_, d_);
    const Eigen::LLT<Matrix> solver(regular);
    const Matrix b = -solver.solve(tally.residual_z.transpose()).transpose(), seen = solver.solve(tally.z_z);
    const Matrix doubled = seen * b;
    const Matrix white = b + b.transpose() - 0.5 * (doubled + doubled.transpose());
    const Matrix half = q.factor().triangularView<Eigen::Lower>().transpose().solve(white);
    const Matrix change = q.factor().triangularView<Eigen::Lower>().transpose().solve(half.transpose());
    // within a factor of four of what it was, in its own units
    const Matrix now = q.curvature().matrix() + share * change;
    const Matrix unit = q.curvature().inverse().llt().matrixL();
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(unit.transpose() * now * unit);
    const Matrix back = unit.transpose().triangularView<Eigen::Upper>().solve(eigen.eigenvectors());
    return Curvature(Matrix(back * eigen.eigenvalues().cwiseMax(0.25).cwiseMin(4).asDiagonal() * back.transpose()));
  }

  bool is_unbounded() const { return q.sd().maxCoeff() > 1e8 || q.mean.cwiseAbs().maxCoeff() > 1e12; }

  static constexpr int least_pairs = 16;
  static constexpr double damping = 0.7;

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Evidence& evidence_;
  const Settings settings_;
  const int d_;
  Sampler sampler_;
  Curvature metric_;
  Vector measured_at_;
  int n_measured_ = 0, n_together_ = 1, n_since_anchor_ = 0, n_misled_ = 0, n_refused_ = 0;
  int n_pairs_ = least_pairs;
  double radius_ = 2, weight_ = 0, needed_ = 0;
  double elbo_ = 0, elbo_error_ = 0;
  bool checking_ = false, has_last_ = false;
  Gaussian last_;
  double last_elbo_ = 0, last_elbo_error_ = 0, last_size_ = 0;
};

}  // namespace harness

#endif

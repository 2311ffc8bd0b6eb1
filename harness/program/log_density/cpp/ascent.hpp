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
      const Tally tally = sampler_(q, metric_, checking_ ? std::max(least(), n_pairs_ / 4) : n_pairs_);
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
    const Vector at = best_of_path(objective, start);
    measure(at, 1e-3 * (at.cwiseAbs().array() + 1));
    q = Gaussian(settings_.family, settings_.rank, at, metric_);
    radius_ = std::max(2.0, std::sqrt(double(d_)));
    n_pairs_ = least();
    narrow();
  }
  // Not the mode itself, which may lie where no mass is, or nowhere: the iterate of L-BFGS whose Gaussian, with the
  // covariance that the path tells, has the largest ELBO (Pathfinder).
  Vector best_of_path(const Slope& objective, const Minimum& start) {
    Random random(settings_.seed * 69069u + 5);
    Vector z = normal(random, d_);
    z *= std::sqrt(d_) / z.norm();
    Vector best = start.at;
    double best_elbo = -INFINITY;
    int next = 3;
    const Watch watch = [&](const Minimum& now, const Memory& memory) {
      if (now.n_iterations < next || d_ > dense_limit) {
        return;
      }
      next += std::max(1, next / 5);
      Matrix covariance(d_, d_);
      for (int i = 0; i < d_; ++i) {
        covariance.col(i) = -memory.direction(Vector::Unit(d_, i));
      }
      const Matrix factor = cholesky(0.5 * (covariance + transposed(covariance)));
      if (factor.size() == 0) {
        return;
      }
      const Vector away = product(factor, z);
      double above, below;
      Vector unused;
      if (!objective(now.at + away, above, unused)
          || !objective(now.at - away, below, unused)) {
        return;
      }
      const double elbo = -0.5 * (above + below) + factor.diagonal().array().log().sum();
      if (elbo > best_elbo) {
        best_elbo = elbo;
        best = now.at;
      }
    };
    const Minimum found = minimise(objective, start, 0.5 + 0.02 * d_, 200, watch);
    return std::isfinite(best_elbo) ? best : found.at;
  }
  // As narrow as the ELBO says: the curvature at a point may be that of a wide plain where there is none.
  void narrow() {
    double best = -INFINITY, best_error = 0;
    for (int halvings = 0; halvings < 40; ++halvings) {
      Gaussian narrower = q;
      narrower.scale(halvings == 0 ? 1 : 0.5);
      const Tally tally = sampler_(narrower, metric_, few / 2);
      const double elbo = tally.has_failed() ? -INFINITY : tally.value.mean()[0] + narrower.entropy();
      const double error = tally.has_failed() ? 0 : std::min(tally.value.error()[0], 1e6);
      // beyond the noise, which of a plain without mass has no end itself
      const double noise = std::min(2 * std::hypot(error, best_error), 1 + std::sqrt(double(d_)));
      if (std::isfinite(best) && !(elbo > best + noise)) {
        break;
      }
      q = narrower;
      best = elbo;
      best_error = error;
    }
    follow();
  }
  // The metric in units of the Gaussian.
  void follow() {
    metric_ = q.family() == Family::full_rank ? q.curvature() : metric_.with_diagonal(q.curvature().diagonal());
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
    metric_ = Curvature(Matrix(-0.5 * (hessian + transposed(hessian))));
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
    if (q.family() == Family::full_rank || d_ > dense_limit || n_measured_ > 6) {
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
    measure(q.mean, q.curvature().diagonal().cwiseSqrt().cwiseInverse());
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
    n_pairs_ = least();
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
    // an error that explodes excuses nothing
    const double excuse = std::min(4 * std::hypot(elbo_error_, last_elbo_error_),
                                   4 * last_elbo_error_ + 5 + std::sqrt(double(d_)));
    if (has_last_ && !(elbo_ + excuse + 0.01 > last_elbo_)) {
      back();
      return true;
    }
    return false;
  }
  void back() {
    q = last_;
    radius_ = std::max(0.05, 0.25 * std::min(radius_, last_size_));
    // a metric that misleads is measured again, then replaced by the Gaussian's own, which knows no correlation
    if (q.family() != Family::full_rank && metric_.is_dense() && ++n_misled_ % 3 == 0) {
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
    last_step_.resize(0);
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
           && (far - 2 * error).maxCoeff() < settings_.tolerance
           && (off - 2 * off_error).maxCoeff() < settings_.tolerance;
  }

  // Whether steps are longer than their noise, as a whole or in any coordinate.
  bool is_moving(const Tally& tally) const {
    const Vector mean = tally.step.mean(), off = tally.scale.mean();
    const double length = metric_.norm(mean);
    const double noise = tally.noise / tally.n() + 2 * tally.scale.error().squaredNorm();
    const auto clear = [&](const Vector& by, const Vector& error) {
      return (by.cwiseAbs() - 4.5 * error).maxCoeff() > settings_.tolerance;
    };
    return length * length + 2 * off.squaredNorm() > 3 * noise
           || clear(mean.cwiseQuotient(q.sd()), tally.step.error().cwiseQuotient(q.sd()))
           || clear(off, tally.scale.error());
  }
  // Shorter steps where they turn back, longer ones where they go on.
  void adapt(const Tally& tally) {
    const Vector mean = tally.step.mean(), off = tally.scale.mean();
    if (last_step_.size() > 0) {
      const double along = mean.dot(metric_.times(last_step_)) + 2 * off.dot(last_off_);
      const double before = last_step_.dot(metric_.times(last_step_)) + 2 * last_off_.squaredNorm();
      share_ = along < -0.3 * before ? 0.5 * share_ : along > 0.3 * before ? std::min(1.0, 1.5 * share_) : share_;
      share_ = std::max(share_, 0.02);
    }
    last_step_ = mean;
    last_off_ = off;
  }

  void step(const Tally& tally) {
    ++n_since_anchor_;
    if (is_moving(tally)) {
      weight_ = 0;
      adapt(tally);
      move(tally, share_);
      return;
    }
    if (!has_measured_here()) {
      return;
    }
    last_step_.resize(0);
    const double share = n_pairs_ / (weight_ + n_pairs_);
    weight_ += n_pairs_;
    move(tally, share);
    if (needed_ > n_pairs_) {
      n_pairs_ = std::min(2 * n_pairs_, static_cast<int>(std::max(needed_ * 1.2, 1.0 * least())));
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
    const Matrix inner = inverse_of_lower(cholesky(tally.z_z + ridge * Matrix::Identity(d_, d_)));
    const Matrix solver = product(transposed(inner), inner);
    const Matrix b = -product(tally.residual_z, solver), doubled = product(product(solver, tally.z_z), b);
    const Matrix white = b + transposed(b) - 0.5 * (doubled + transposed(doubled));
    const Matrix forth = inverse_of_lower(q.factor());
    const Matrix now = q.curvature().matrix() + share * product(transposed(forth), product(white, forth));
    // within a factor of four of what it was, in its own units
    const Matrix unit = cholesky(q.curvature().inverse());
    const Spectrum found = spectrum(product(transposed(unit), product(now, unit)));
    const Matrix back = product(transposed(inverse_of_lower(unit)), found.vectors);
    return Curvature(composed(back, found.values.cwiseMax(0.25).cwiseMin(4)));
  }

  bool is_unbounded() const { return q.sd().maxCoeff() > 1e8 || q.mean.cwiseAbs().maxCoeff() > 1e12; }

  static constexpr double damping = 0.7;
  static constexpr int few = 16;
  // Fewer pairs than parameters do not tell a whole matrix.
  int least() const { return q.family() == Family::mean_field ? few : std::max(few, std::min(2 * d_, 200)); }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Evidence& evidence_;
  const Settings settings_;
  const int d_;
  Sampler sampler_;
  Curvature metric_;
  Vector measured_at_;
  int n_measured_ = 0, n_together_ = 1, n_since_anchor_ = 0, n_misled_ = 0, n_refused_ = 0;
  int n_pairs_ = few;
  double radius_ = 2, weight_ = 0, needed_ = 0;
  double elbo_ = 0, elbo_error_ = 0;
  bool checking_ = false, has_last_ = false;
  Gaussian last_;
  Vector last_step_, last_off_;
  double share_ = 1;
  double last_elbo_ = 0, last_elbo_error_ = 0, last_size_ = 0;
};

}  // namespace harness

#endif

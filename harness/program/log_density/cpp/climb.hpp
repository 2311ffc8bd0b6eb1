// Steps by natural gradients towards the Gaussian of a family that has the largest ELBO.
//
// In units of the Gaussian the natural gradient by the mean is the step of Newton's method on the ELBO, and that by the
// covariance is what the expected curvature of the log density has beyond the Gaussian's own.  While they are larger
// than their noise, steps are whole, within a radius; then they are averages of all since, over more and more pairs of
// points, so that each further step is an independent estimate of the distance to the optimum, with its error.
#ifndef HARNESS_CLIMB_HPP
#define HARNESS_CLIMB_HPP

#include "coupling.hpp"
#include "estimate.hpp"
#include "look.hpp"
#include "pairs.hpp"
#include "regression.hpp"

namespace harness {

class Climb {
 public:
  enum class Went { on, back, nowhere, close };

  // From the Gaussian with the curvature at a point.
  Climb(const Settings& settings, Evidence& evidence, Sampler& sampler, const Probe& probe, const Vector& at)
      : settings_(settings), evidence_(&evidence), sampler_(&sampler), probe_(probe),
        random_(settings.seed * 97u + 31), looking_(settings.seed * 131u + 7), d_(at.size()),
        is_large_(d_ > most_dense), is_lean_(is_large_ && settings.family == Family::low_rank),
        unlikely_(largest_of(2 * d_, 0.05)), pairs_(least(), !sampler.directions().empty()) {
    measure(at, 1e-3 * (at.cwiseAbs().array() + 1));
    q = Gaussian(settings.family, settings.rank, at, metric_);
    radius_ = std::max(2.0, std::sqrt(double(d_)));
    const Vector before = q.sd();
    narrow();
    if (is_large_) {
      lead();
      Vector diagonal = metric_.diagonal();
      if (metric_.leading() && q.sd()[0] < 0.9 * before[0]) {  // the curvature alone would make it too wide
        diagonal = diagonal.cwiseMax(q.curvature().diagonal());
      }
      q.set_curvature(Curvature(diagonal, metric_.leading()));
    }
  }

  // One iteration.
  Went advance() {
    // a check has fewer pairs, for which gradients are kept
    const int wanted = checking_ ? pairs_.of_check() : pairs_.n();
    const int most = checking_ ? affordable() : std::max(pairs_.least(), static_cast<int>(0.8 * affordable()));
    if (checking_) {
      evidence_->begin_epoch();
    }
    const Tally tally = (*sampler_)(q, metric_, std::min(wanted, most), is_large_);
    if (is_refused(tally)) {
      return ++n_refused_ > 30 ? Went::nowhere : Went::back;
    }
    n_refused_ = 0;
    const bool moving = is_moving(tally);
    const Estimate found = estimate(tally, moving);
    note(tally, found);
    if (is_close(found)) {
      if (!has_measured_here()) {
        return Went::on;  // the tally is another metric's
      }
      if (checking_) {
        return tally.n_tried < evidence_->n_blocks() ? Went::on : Went::close;
      }
      if (has_coupling() && !is_close_together(tally)) {
        return Went::on;
      }
      move(tally, found, pairs_.share());
      checking_ = true;
      pairs_.begin_check(evidence_->n_blocks());
      return Went::on;
    }
    if (checking_ && !moving && is_within(found) && pairs_.widen_check()) {
      return Went::on;
    }
    checking_ = false;
    if ((is_far_together(tally, moving)) || (moving && is_crawling() && has_leapt(tally))) {
      return Went::on;
    }
    step(tally, found, moving);
    return Went::on;
  }

  // Begins anew from wider sds.
  void widen(double by) {
    q.scale(by);
    follow();
    has_last_ = checking_ = false;
    pairs_.begin();
    share_ = 1;
    n_refused_ = 0;
    last_step_.resize(0);
    radius_ = std::max(radius_, std::sqrt(double(d_)));
  }

  // Whether the gradients left do for another iteration: a much shorter one would only add noise.
  bool can_afford_another() const { return checking_ || 4.0 * affordable() >= pairs_.n(); }
  bool is_unbounded() const { return q.sd().maxCoeff() > 1e8 || q.mean.cwiseAbs().maxCoeff() > 1e12; }
  double length(const Vector& away) const { return metric_.norm(away); }
  // Whether the pairs of a first iteration would do: the log density is nearly quadratic.
  bool is_easy() const { return plainly_needed_ <= 4 * pairs_.least(); }

  // The control variate: a new anchor where a pass costs less than what it saves.
  void keep_anchor_near() {
    if (evidence_->n_blocks() == 1 || (has_noted_ && needed_ < evidence_->n_blocks() / 4.0)) {
      return;
    }
    if (evidence_->has_anchor() && metric_.norm(q.mean - evidence_->anchor()) < 0.5) {
      return;
    }
    if (evidence_->has_anchor() && !pairs_.has_average() && n_since_anchor_ < 3) {
      return;  // on its way
    }
    evidence_->set_anchor(q.mean);
    n_since_anchor_ = 0;
    pairs_.begin();
    needed_ = 0;
  }

  Gaussian q;
  double elbo = 0, elbo_error = 0, distance = INFINITY, distance_error = INFINITY;
  int n_last = 0;  // pairs of the last iteration
  bool is_short = false;  // whether iterations stay short

 private:
  static constexpr int few = 16, most_looks = 64;
  static constexpr double damping = 0.7;

  // As narrow as the ELBO says: the curvature at a point may be that of a wide plain where there is none.
  void narrow() {
    double best = -INFINITY, best_error = 0;
    for (int halvings = 0; halvings < 40; ++halvings) {
      Gaussian narrower = q;
      narrower.scale(halvings == 0 ? 1 : 0.5);
      const Tally tally = (*sampler_)(narrower, metric_, few / 2);
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
    if (learnt_.is_dense()) {
      metric_ = std::move(learnt_);
      learnt_ = Curvature();
    }
    if (metric_.leading()) {
      return;  // a few directions that are narrow would magnify what the sds' errors make of them
    }
    metric_ = q.family() != Family::mean_field ? q.curvature() : metric_.with_diagonal(q.curvature().diagonal());
  }

  // ---- The curvature at a point.
  void measure(const Vector& at, const Vector& units) {
    metric_ = is_large_ ? probe_.diagonal(at, units) : probe_.whole(at, units);
    if (is_lean_) {
      metric_ = Curvature(metric_.diagonal(), std::make_shared<const Leading>(d_, settings_.rank));
    }
    measured_at_ = at;
    ++n_measured_;
  }
  // Of many parameters: along leading directions.  A few that are narrow hide the diagonal from random signs.
  void lead() {
    metric_ = q.curvature().own_diagonal();
    if (!is_lean_ && !settings_.leading) {
      return;
    }
    const Vector away = normal(looking_, d_), from = normal(looking_, d_);
    for (bool is_last : {false, true}) {
      const Vector sd = metric_.diagonal().cwiseSqrt().cwiseInverse();
      const Krylov ends = probe_.ends(q.mean, sd.cwiseProduct(away), sd, from);
      const int rank = is_lean_ ? settings_.rank : 0;
      const auto leading = ends.inner.values.allFinite() ? std::make_shared<const Leading>(leading_of(ends, rank))
                                                         : std::make_shared<const Leading>(d_, rank);
      const Curvature found = Curvature(metric_.diagonal(), leading);
      if (is_last || !leading->has_narrow()) {
        metric_ = is_lean_ || (leading->has_narrow() && is_same_elsewhere(*leading, sd)) ? found
                                                                                      : q.curvature().own_diagonal();
        return;
      }
      metric_ = probe_.diagonal(q.mean, sd, found);
    }
  }
  // Whether the curvature along them is about that at other points.
  bool is_same_elsewhere(const Leading& leading, const Vector& sd) {
    const Vector away = sd.cwiseProduct(normal(looking_, d_));
    for (Eigen::Index k = 0; k < leading.values().size(); ++k) {
      const Vector along = leading.basis().col(k), direction = sd.cwiseProduct(along);
      const double there = along.dot(sd.cwiseProduct(probe_.between(q.mean, away, direction, sd, 0)));
      if (!(std::abs(there - leading.values()[k]) < 0.25 * leading.values()[k])) {
        return false;
      }
    }
    return true;
  }
  // Whether the curvature was measured near the mean, so that Newton's step is to be believed; else it is now.
  bool has_measured_here() {
    if (q.family() != Family::mean_field || n_measured_ > 6 || (is_large_ && !metric_.leading())) {
      return true;
    }
    const double near = is_large_ ? 0.1 * std::sqrt(double(d_)) : n_measured_ > 1 ? 1 : 0.1;
    if (metric_.norm(q.mean - measured_at_) < near) {
      return true;
    }
    measure_here();
    return false;
  }
  void measure_here() {
    if (is_large_) {
      lead();
      measured_at_ = q.mean;
      ++n_measured_;
    } else {
      measure(q.mean, q.curvature().diagonal().cwiseSqrt().cwiseInverse());
    }
    follow();
    pairs_.forget();
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
    elbo = tally.value.mean()[0] + q.entropy();
    elbo_error = tally.value.error()[0];
    // an error that explodes excuses nothing
    const double excuse = std::min(4 * std::hypot(elbo_error, last_elbo_error_),
                                   4 * last_elbo_error_ + 5 + std::sqrt(double(d_)));
    if (has_last_ && !(elbo + excuse + 0.01 > last_elbo_)) {
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
    } else if (q.family() == Family::mean_field && metric_.leading() && ++n_misled_ % 3 == 0) {
      metric_ = metric_.own_diagonal();
    }
    follow();
    has_last_ = false;
    pairs_.forget();
    checking_ = false;
    last_step_.resize(0);
  }

  // ---- What a tally says.
  Estimate estimate(const Tally& tally, bool moving) {
    const Vector sd = q.sd();
    Estimate found{tally.step.mean().cwiseQuotient(sd), tally.step.error().cwiseQuotient(sd), tally.scale.mean(),
                   tally.scale.error()};
    if (is_large_) {
      solve(tally, moving, found);
    }
    if (is_lean_) {
      look(moving, found);
    }
    return found;
  }
  // What the leading directions are here.  How far they make the sds differ is told where all else is known.
  void look(bool moving, Estimate& found) {
    const bool is_near = !moving && !is_short && found.has_errors_below((checking_ ? 4 : 2) * settings_.tolerance);
    Matrix further(d_, 0);
    has_seen_ends_ = has_seen_ends_ && !moving;
    if (checking_ || (is_near && !has_seen_ends_)) {  // what has become wide unseen
      has_seen_ends_ = true;
      const Vector unit = q.curvature().diagonal().cwiseSqrt().cwiseInverse();
      const Krylov ends = probe_.ends(q.mean, q.away(normal(looking_, d_)), unit, normal(looking_, d_));
      const Leading wide = leading_of(ends, settings_.rank);
      further = wide.basis().leftCols(std::min<Eigen::Index>(wide.basis().cols(), settings_.rank + 2));
    }
    // gradients are large along what is narrow, in whatever units
    const Vector change = metric_.diagonal().cwiseQuotient(q.curvature().diagonal()).cwiseSqrt();
    const Matrix narrow = scaled_rows(change, metric_.leading()->narrow_directions());
    Matrix both(d_, further.cols() + narrow.cols());
    both << further, narrow;
    look_ = Look(probe_, q, both, is_near ? n_looks_ : 2, looking_);
    if (!is_near) {
      return;
    }
    found.spread = look_.change();
    found.spread_error = look_.error();
    if (found.spread_error.maxCoeff() > settings_.tolerance) {
      n_looks_ = std::min(2 * n_looks_, most_looks);
    }
  }
  // Where the metric is a diagonal it says little: Newton's step, and its error by what the same equations make of sums
  // of the gradients' deviations with random signs, which are as large as the mean's error.
  void solve(const Tally& tally, bool moving, Estimate& found) {
    const Vector sd = q.sd();
    const Vector away = q.away(normal(random_, d_));
    const Solution newton = probe_.solve(q.mean, away, sd, tally.gradient.mean(), metric_);
    found.is_solved = newton.left < 0.5 && newton.at.allFinite();
    found.step = newton.at.allFinite() ? newton.at : Vector(Vector::Zero(d_));
    if (moving || !found.has_errors_below(2 * settings_.tolerance)) {
      return;
    }
    double largest = 0;
    for (const Vector& noise : tally.noises()) {
      largest += probe_.solve(q.mean, away, sd, noise, metric_).at.cwiseAbs().maxCoeff() / tally.noises().size();
    }
    found.step_error = found.step_error.cwiseMax(largest / largest_of(d_, 0.5));
  }

  void note(const Tally& tally, const Estimate& found) {
    Eigen::Index at_mean, at_scale;
    const double mean_off = found.step.cwiseAbs().maxCoeff(&at_mean);
    const double scale_off = found.off.cwiseAbs().maxCoeff(&at_scale);
    distance = std::max(mean_off, scale_off);
    distance_error = mean_off > scale_off ? found.step_error[at_mean] : found.off_error[at_scale];
    if (found.spread.size() > 0) {
      Eigen::Index at;
      const double spread = found.spread.cwiseAbs().maxCoeff(&at);
      distance_error = spread > distance ? found.spread_error[at] : distance_error;
      distance = std::max(distance, spread);
    }
    const double widest = std::max(found.step_error.maxCoeff(), found.off_error.maxCoeff()) / settings_.tolerance;
    n_last = tally.n();
    plainly_needed_ = needed_ = tally.n() * widest * widest;
    if (!tally.is_independent) {
      needed_ = tally.n() * std::pow(widest, 4. / 3);
      const double plain = std::max(tally.step.plain_error().cwiseQuotient(q.sd()).maxCoeff(),
                                    tally.scale.plain_error().maxCoeff()) / settings_.tolerance;
      plainly_needed_ = tally.n() * plain * plain;
      unlikely_ = of_groups(largest_of(2 * d_, 0.05), Mean::n_groups - 1);
    }
    has_noted_ = true;
  }

  // The errors are small, and no coordinate is away from its optimum by more than what is likely of so many errors.
  bool is_close(const Estimate& found) const {
    // of a check the error may be that of a quarter of the pairs
    const double fewer = checking_ ? pairs_.excess_of_check() : 1;
    return found.has_errors_below(fewer * settings_.tolerance) && is_within(found);
  }
  bool is_within(const Estimate& found) const {
    const auto within = [&](const Vector& by, const Vector& error) {
      return (by.cwiseAbs() - unlikely_ * error).maxCoeff() < settings_.tolerance;
    };
    return found.is_solved && within(found.step, found.step_error) && within(found.off, found.off_error)
           && (found.spread.size() == 0 ? !is_lean_ : within(found.spread, found.spread_error));
  }

  // ---- Means and sds together.
  bool has_coupling() const { return !is_easy(); }

  // Whether the optimum is near by means and sds together.  If each is near given the others, it may still be far
  // (a funnel is); then this goes there.
  bool is_close_together(const Tally& tally) {
    const Together newton = together(tally, 0.1);
    const bool is_known = newton.error() < 2 * settings_.tolerance;
    if (newton.far() < (1 + unlikely_) * settings_.tolerance && is_known) {
      return true;
    }
    if (is_large_ && !is_gain(newton)) {
      return true;
    }
    leap(newton);
    sharpen(newton.error());
    return false;
  }
  // Steps by each given the others are short where the way is curved.  One by all together costs no more here than what
  // went since the last.
  bool is_crawling() const {
    const double cost = double(Coupling::most_gradients(d_)) / evidence_->n_blocks();
    if (is_lean_ && is_short) {
      return false;  // a start is no place for what costs thousands of gradients
    }
    return has_coupling() && has_last_ && evidence_->passes() - leapt_at_ > std::max(cost, 0.5 * leapt_at_);
  }
  // Near the optimum, steps by each given the others, or averages of them, would stay far for long.
  bool is_far_together(const Tally& tally, bool moving) {
    if ((moving && distance > 0.3) || !has_coupling() || is_large_ || is_short
        || 2 * pairs_.n() < Coupling::most_gradients(d_)) {
      return false;
    }
    const Together newton = together(tally, 0.1);
    if (newton.far() < std::max(distance, settings_.tolerance + unlikely_ * newton.error())) {
      return false;
    }
    leap(newton);
    return true;
  }
  bool has_leapt(const Tally& tally) {
    const Together newton = together(tally);
    if (newton.far() < std::max(distance, 3 * newton.error()) || !is_gain(newton)) {
      return false;
    }
    leap(newton);
    pairs_.lower(Coupling::most_gradients(d_) / 4);
    leapt_at_ = 0;  // on at once
    return true;
  }
  // With the curvature of a place no further than this.
  Together together(const Tally& tally, double near = 0) {
    if (!coupling_ || coupling_->from(q) > near) {
      coupling_ = std::make_shared<Coupling>(*evidence_, q, metric_, sampler_->directions(), random_, tally);
      leapt_at_ = evidence_->passes();
    }
    return coupling_->solve(tally);
  }
  void leap(const Together& newton) {
    pairs_.forget();
    distance = newton.far();
    Change by = change_of(newton);
    shorten(by);
    turn(by, by.of(q.curvature()));
  }
  Change change_of(const Together& newton) const { return {newton.step.cwiseProduct(q.sd()), newton.change}; }
  // Few pairs tell little of a large matrix.
  bool is_gain(const Together& newton) {
    Change by = change_of(newton);
    by.shorten(metric_, radius_);
    Gaussian there = q;
    there.mean += by.mean;
    there.set_curvature(by.of(q.curvature()));
    return sampler_->is_better(there, q, 4 * few);
  }

  // Whether steps are longer than their noise, as a whole or, twice in the same direction, in any coordinate.
  bool is_moving(const Tally& tally) {
    const Vector sd = q.sd();
    const Vector mean = tally.step.mean(), off = tally.scale.mean();
    const double length = metric_.norm(mean);
    length_ = length * length + 2 * off.squaredNorm();
    noise_ = tally.noise / tally.n() + 2 * tally.scale.error().squaredNorm();
    Vector clear(2 * d_);
    clear << beyond(mean.cwiseQuotient(sd), tally.step.error().cwiseQuotient(sd)), beyond(off, tally.scale.error());
    const bool again = clear_.size() > 0 && clear.cwiseProduct(clear_).maxCoeff() > 0;
    clear_ = clear;
    return length_ > 3 * noise_ || again;
  }
  // What is more than the noise explains, zero elsewhere.
  Vector beyond(const Vector& by, const Vector& error) const {
    const Vector size = by.cwiseAbs() - 4.5 * error;
    return (size.array() > settings_.tolerance).select(by, 0);
  }
  // Shorter steps where they turn back, longer ones where they go on.
  void adapt(const Tally& tally, const Estimate& found) {
    const Vector slope = tally.gradient.mean(), step = found.step.cwiseProduct(q.sd());
    if (last_step_.size() > 0) {
      const double along = slope.dot(last_step_) + 2 * found.off.dot(last_off_);
      share_ = along < -0.3 * before_ ? 0.5 * share_ : along > 0.3 * before_ ? std::min(1.0, 1.5 * share_) : share_;
      share_ = std::max(share_, 0.02);
    }
    last_step_ = step;
    last_off_ = found.off;
    before_ = slope.dot(step) + 2 * found.off.squaredNorm();
  }

  void step(const Tally& tally, const Estimate& found, bool moving) {
    ++n_since_anchor_;
    if (moving) {
      pairs_.forget();
      adapt(tally, found);
      learn(tally, 0.5);
      move(tally, found, share_);
      if (length_ < 10 * noise_) {
        sharpen();
      }
      return;
    }
    if (!has_measured_here()) {
      return;
    }
    last_step_.resize(0);
    const double share = pairs_.share();
    pairs_.count();
    learn(tally, share);
    move(tally, found, share);
    sharpen();
  }
  // The metric is the curvature at a point; enough pairs tell the expected one.
  void learn(const Tally& tally, double share) {
    if (q.family() == Family::mean_field && metric_.is_dense() && tally.n() >= 2 * d_) {
      learnt_ = regressed(q, metric_, tally, share);
    }
  }
  void sharpen() {
    if (needed_ > pairs_.n() && !is_short) {
      pairs_.raise(1.2 * needed_);
    }
  }
  void sharpen(double error) {
    if (error > settings_.tolerance && !is_short) {
      pairs_.raise(2.0 * pairs_.n());
    }
  }

  void move(const Tally& tally, const Estimate& found, double share) {
    Change by{share * found.step.cwiseProduct(q.sd()), -share * damping * found.off};
    if (pairs_.is_first()) {  // whole steps, of which noise is no part
      by.mean *= length_ / std::max(length_ + noise_, 1e-300);
      const Vector clear = found.off.cwiseAbs2(), unclear = found.off_error.cwiseAbs2();
      by.log_scale.array() *= clear.array() / (clear + unclear).array().max(1e-300);
    }
    by.bound();
    share *= shorten(by);
    if (is_lean_) {
      metric_ = Curvature(q.curvature().diagonal(), look_.after(1));
      turn(by, by.of(Curvature(q.curvature().diagonal(), look_.after(share))));
      return;
    }
    turn(by, q.family() == Family::mean_field ? by.of(q.curvature()) : regressed(q, metric_, tally, share));
  }
  // To the radius: says by how much.
  double shorten(Change& by) {
    const double size = by.shorten(metric_, radius_), within = std::min(1.0, radius_ / std::max(size, 1e-300));
    last_size_ = std::min(size, radius_);
    radius_ *= size > radius_ ? 2 : 1;
    return within;
  }
  void turn(const Change& by, const Curvature& curvature) {
    last_ = q;
    last_elbo_ = elbo;
    last_elbo_error_ = elbo_error;
    has_last_ = true;
    q.mean += by.mean;
    q.set_curvature(curvature);
    follow();
  }

  // Pairs that the gradients left will do for.
  int affordable() const {
    const double left = 0.5 * (settings_.max_passes - evidence_->passes()) * evidence_->n_blocks();
    return static_cast<int>(std::min(1.0 * Pairs::most, std::max(1.0 * pairs_.least(), left)));
  }
  // Fewer pairs than parameters do not tell a whole matrix.
  int least() const {
    return settings_.family == Family::mean_field || is_lean_ ? few : std::max(few, std::min(2 * d_, 200));
  }

  Settings settings_;
  Evidence* evidence_;
  Sampler* sampler_;
  Probe probe_;
  Random random_, looking_;
  int d_;
  bool is_large_, is_lean_;  // whether no matrix is made; and of a covariance with correlations
  double unlikely_;
  Pairs pairs_;
  Curvature metric_, learnt_;
  Look look_;
  int n_looks_ = 16;
  bool has_seen_ends_ = false;
  std::shared_ptr<const Coupling> coupling_;
  Vector measured_at_;
  int n_measured_ = 0, n_since_anchor_ = 0, n_misled_ = 0, n_refused_ = 0;
  double radius_ = 2, needed_ = 0, plainly_needed_ = 0;
  bool checking_ = false, has_last_ = false, has_noted_ = false;
  Gaussian last_;
  Vector last_step_, last_off_, clear_;
  double before_ = 0, length_ = 0, noise_ = 0;
  double share_ = 1, leapt_at_ = 0;
  double last_elbo_ = 0, last_elbo_error_ = 0, last_size_ = 0;
};

}  // namespace harness

#endif

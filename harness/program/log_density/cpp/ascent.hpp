// ADVI: the Gaussian of a family that has the largest ELBO, from several starts.
#ifndef HARNESS_ASCENT_HPP
#define HARNESS_ASCENT_HPP

#include "climb.hpp"
#include "start.hpp"

#include <chrono>
#include <optional>

namespace harness {

enum class End { converged = 0, budget = 1, unbounded = 2, diverging = 3 };

struct Trace {
  double passes, elbo, elbo_error, distance, n_pairs, seconds;
};

class Ascent {
 public:
  Ascent(Evidence& evidence, const Settings& settings, const Directions& directions)
      : evidence_(evidence), settings_(settings), d_(evidence.dimension()),
        sampler_(evidence, directions, settings.seed) {}

  void run() {
    Climb climb = begin();
    start_time_s = elapsed();
    end = climb_on(climb);
    for (int attempt = 0; attempt < 3 && end == End::converged; ++attempt) {
      std::optional<Climb> better = from_wider(climb);
      if (!better) {
        break;
      }
      climb = *better;
      end = climb_on(climb);
    }
    q = climb.q;
    distance = climb.distance;
    distance_error = climb.distance_error;
  }

  Gaussian q;
  End end = End::budget;
  int n_iterations = 0;
  std::vector<Trace> trace;
  double distance = INFINITY, distance_error = INFINITY, start_time_s = 0;

 private:
  static constexpr int n_starts = 3, n_tried = 8, n_compared = 16;
  static constexpr double inflation = 3;

  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  bool has_budget() const { return evidence_.passes() < settings_.max_passes; }

  // Where paths from two random points end at one place, at the first; else the best of some short climbs.
  Climb begin() {
    const double rows_wanted = 1000 + 20.0 * d_;
    const int n_together = std::min(evidence_.n_blocks(), evidence_.blocks_of(rows_wanted));
    const Probe probe(evidence_, n_together, settings_.seed);
    // among many parameters the second from near the origin: a scale may collapse before what it scales has come near
    const auto path = [&](int k) {
      const double radius = k == 1 && d_ > most_dense ? 0.01 * settings_.radius : settings_.radius;
      return Path(evidence_, n_together, radius, settings_.seed * 40503u + 11 + 7919u * k)();
    };
    const auto climb_from = [&](const Vector& at) { return Climb(settings_, evidence_, sampler_, probe, at); };
    const Beginning first = path(0);
    Climb best = climb_from(first.at);
    const Beginning second = path(1);
    const double apart = best.length(second.end - first.end);
    if (apart * apart < 2 + 0.03 * d_ && std::abs(second.log_p - first.log_p) < 2 * least_gain(d_)) {
      return best;
    }
    is_one_ = false;
    try_out(best);
    for (int k = 1; k < n_starts && has_budget(); ++k) {
      Climb other = climb_from((k == 1 ? second : path(k)).at);
      try_out(other);
      if (sampler_.is_better(other.q, best.q, n_compared)) {
        best = other;
      }
    }
    if (const std::optional<Climb> wider = from_wider(best)) {
      best = *wider;
    }
    return best;
  }
  void try_out(Climb& climb) {
    climb.is_short = true;
    for (int i = 0; i < n_tried && has_budget() && !climb.is_unbounded(); ++i) {
      ++n_iterations;
      const Climb::Went went = climb.advance();
      if (went == Climb::Went::nowhere || went == Climb::Went::close) {
        break;
      }
    }
    climb.is_short = false;
  }
  End climb_on(Climb& climb) {
    while (has_budget() && climb.can_afford_another()) {
      if (climb.is_unbounded()) {
        return End::unbounded;
      }
      climb.keep_anchor_near();
      ++n_iterations;
      const Climb::Went went = climb.advance();
      if (went == Climb::Went::nowhere) {
        return End::diverging;
      }
      if (went != Climb::Went::back) {
        trace.push_back({evidence_.passes(), climb.elbo, climb.elbo_error, climb.distance, double(climb.n_last),
                         elapsed()});
      }
      if (went == Climb::Went::close) {
        return End::converged;
      }
    }
    return End::budget;
  }

  // An optimum of a density with several, or with a neck in which steps are short, may be none for a wider Gaussian.
  std::optional<Climb> from_wider(const Climb& found) {
    if (is_one_ && found.is_easy()) {
      return std::nullopt;
    }
    Climb wider = found;
    wider.widen(inflation);
    try_out(wider);
    return sampler_.is_better(wider.q, found.q, n_compared) ? std::optional<Climb>(wider) : std::nullopt;
  }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Evidence& evidence_;
  const Settings settings_;
  const int d_;
  Sampler sampler_;
  bool is_one_ = true;  // whether the paths led to one place
};

}  // namespace harness

#endif

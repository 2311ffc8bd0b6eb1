// L-BFGS for a smooth function of which values and gradients are known.
#ifndef HARNESS_MINIMISE_HPP
#define HARNESS_MINIMISE_HPP

#include "target.hpp"

#include <cmath>
#include <deque>
#include <functional>

namespace harness {

// Value and gradient at a point; false where there is none.
using Slope = std::function<bool(const Vector& at, double& value, Vector& gradient)>;

struct Minimum {
  Vector at;
  double value = 0;
  Vector gradient;
  int n_iterations = 0;
};

// A direction of descent from the last moves and what they changed in the gradient: Nocedal and Wright (2006),
// algorithm 7.4.
class Memory {
 public:
  struct Move {
    Vector move, change;
    double rho;
  };

  void add(const Vector& move, const Vector& change) {
    const double inner = move.dot(change);
    if (inner > 1e-12 * change.squaredNorm()) {
      moves_.push_back({move, change, 1 / inner});
      if (moves_.size() > 10) {
        moves_.pop_front();
      }
    }
  }
  void clear() { moves_.clear(); }
  bool empty() const { return moves_.empty(); }

  Vector direction(Vector g) const {
    std::vector<double> alpha(moves_.size());
    for (std::size_t i = moves_.size(); i-- > 0;) {
      alpha[i] = moves_[i].rho * moves_[i].move.dot(g);
      g -= alpha[i] * moves_[i].change;
    }
    if (!moves_.empty()) {
      g *= 1 / (moves_.back().rho * moves_.back().change.squaredNorm());
    }
    for (std::size_t i = 0; i < moves_.size(); ++i) {
      g += (alpha[i] - moves_[i].rho * moves_[i].change.dot(g)) * moves_[i].move;
    }
    return -g;
  }
  const std::deque<Move>& moves() const { return moves_; }

 private:
  std::deque<Move> moves_;
};

// Told of each iterate, with what is known of the curvature there.
using Watch = std::function<void(const Minimum& now, const Memory& memory)>;

// Goes on until five iterations together gain less than `gain`, or nothing is gained any more.
inline Minimum minimise(const Slope& f, Minimum from, double gain, int max_iterations,
                        const Watch& watch = {}) {
  Memory memory;
  Minimum now = std::move(from);
  std::deque<double> values{now.value};
  for (; now.n_iterations < max_iterations; ++now.n_iterations) {
    Vector direction = memory.direction(now.gradient);
    double slope = direction.dot(now.gradient);
    if (!(slope < 0)) {
      memory.clear();
      direction = -now.gradient;
      slope = direction.dot(now.gradient);
    }
    double step = memory.empty() ? 1 / std::max(1.0, direction.norm()) : 1;
    Minimum next = now;
    bool found = false;
    double low = 0, high = 0;  // a step that is too short, and one that is too long
    for (int attempt = 0; attempt < 25 && !found; ++attempt) {
      next.at = now.at + step * direction;
      const bool known = f(next.at, next.value, next.gradient);
      if (!known || !(next.value <= now.value + 1e-4 * step * slope)) {
        high = step;
        step = low > 0 ? 0.5 * (low + high) : 0.3 * step;
      } else if (next.gradient.dot(direction) < 0.9 * slope && attempt < 12) {
        low = step;
        step = high > 0 ? 0.5 * (low + high) : 3 * step;
      } else {
        found = true;
      }
    }
    if (!found) {
      if (memory.empty()) {
        break;
      }
      memory.clear();
      continue;
    }
    memory.add(next.at - now.at, next.gradient - now.gradient);
    next.n_iterations = now.n_iterations;
    now = next;
    if (watch) {
      watch(now, memory);
    }
    values.push_back(now.value);
    if (values.size() > 6) {
      values.pop_front();
    }
    if (values.size() == 6 && values.front() - now.value < gain) {
      break;
    }
  }
  return now;
}

}  // namespace harness

#endif

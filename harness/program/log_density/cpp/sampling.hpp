// Transitions of the no-U-turn sampler with a given step size and metric: Hoffman and Gelman (2014), JMLR 15; points of
// a trajectory are drawn by their weights, as in Betancourt (2017), arXiv:1701.02434, appendix A.
#ifndef HARNESS_SAMPLING_HPP
#define HARNESS_SAMPLING_HPP

#include "commands.hpp"

#include <cmath>
#include <random>

namespace harness {

// Coordinates in which the covariance is that of the metric: x = origin + L z, or scale * z where it is diagonal.
class Coordinates {
 public:
  Coordinates(const std::vector<double>& numbers, std::size_t from, int d, bool dense) : dense_(dense) {
    if (numbers.size() != from + (dense ? std::size_t(d) * d : d)) {
      throw std::invalid_argument("the metric does not belong to " + std::to_string(d) + " parameters");
    }
    if (dense) {
      factor_ = Eigen::Map<const Eigen::MatrixXd>(numbers.data() + from, d, d);
    } else {
      scale_ = column(numbers, from, d);
    }
  }
  Vector step(const Vector& inside) const {
    Vector outside(inside.size());
    if (dense_) {
      outside.noalias() = factor_ * inside;
    } else {
      for (Eigen::Index i = 0; i < inside.size(); ++i) {
        outside[i] = scale_[i] * inside[i];
      }
    }
    return outside;
  }
  Vector slope(const Vector& gradient) const {
    Vector inside(gradient.size());
    if (dense_) {
      inside.noalias() = factor_.transpose() * gradient;
    } else {
      for (Eigen::Index i = 0; i < gradient.size(); ++i) {
        inside[i] = scale_[i] * gradient[i];
      }
    }
    return inside;
  }

 private:
  bool dense_;
  Vector scale_;
  Eigen::MatrixXd factor_;
};

struct Particle {
  Vector position, momentum, slope;
  double log_p = 0;

  double energy() const { return momentum.squaredNorm() / 2 - log_p; }
};

class Nuts {
 public:
  // What became of a transition.
  struct Account {
    double accept = 0, energy = 0;
    int n_leapfrog = 0, depth = 0;
    bool diverged = false;
  };

  Nuts(const Target& target, const Coordinates& coordinates, double step, int max_depth, std::seed_seq& seed,
       std::ostream* told)
      : target_(target), coordinates_(coordinates), step_(step), max_depth_(max_depth), random_(seed), told_(told) {}

  void start(const Vector& at) {
    now_.position = at;
    evaluate(now_);
    if (!std::isfinite(now_.log_p)) {
      throw std::domain_error("a chain starts where there is no density");
    }
  }
  const Particle& now() const { return now_; }

  Account transition() {
    account_ = Account();
    now_.momentum.resize(now_.position.size());
    for (Eigen::Index i = 0; i < now_.momentum.size(); ++i) {
      now_.momentum[i] = normal_(random_);
    }
    initial_ = now_.energy();
    account_.energy = initial_;
    Particle ends[2] = {now_, now_};  // backwards, forwards
    Vector sum = now_.momentum;
    double log_weight = 0;
    while (account_.depth < max_depth_) {
      const int side = uniform_(random_) < 0.5 ? 0 : 1;
      const Vector outer = ends[1 - side].momentum, inner = ends[side].momentum;
      Tree tree;
      const bool whole = grow(account_.depth, side ? step_ : -step_, ends[side], tree);
      ++account_.depth;
      if (!whole) {
        break;
      }
      if (std::log(uniform_(random_)) < tree.log_weight - log_weight) {
        now_ = tree.chosen;
        account_.energy = now_.energy();
      }
      log_weight = log_sum(log_weight, tree.log_weight);
      const bool goes_on = apart(sum + tree.sum, outer, tree.last) && apart(sum + tree.first, outer, tree.first)
                           && apart(tree.sum + inner, inner, tree.last);
      sum += tree.sum;
      if (!goes_on) {
        break;
      }
    }
    account_.accept /= std::max(1, account_.n_leapfrog);
    return account_;
  }

 private:
  // A part of a trajectory: momenta at its ends and their sum, and a point of it chosen by weight.
  struct Tree {
    Vector first, last, sum;
    Particle chosen;
    double log_weight = 0;
  };

  static double log_sum(double a, double b) {
    const double larger = std::max(a, b);
    return std::isfinite(larger) ? larger + std::log1p(std::exp(-std::fabs(a - b))) : larger;
  }
  static bool apart(const Vector& sum, const Vector& first, const Vector& last) {
    return first.dot(sum) > 0 && last.dot(sum) > 0;
  }

  void evaluate(Particle& particle) {
    Vector gradient;
    try {
      particle.log_p = target_.density(particle.position, &gradient, {true, true}, told_);
      particle.slope = coordinates_.slope(gradient);
    } catch (const std::exception&) {
      particle.log_p = -std::numeric_limits<double>::infinity();
      particle.slope = Vector::Zero(particle.position.size());
    }
    if (std::isnan(particle.log_p)) {
      particle.log_p = -std::numeric_limits<double>::infinity();
    }
  }

  // Twice as long with each level; false where it turns back on itself or diverges.
  bool grow(int depth, double step, Particle& end, Tree& tree) {
    if (depth == 0) {
      return leap(step, end, tree);
    }
    Tree half;
    if (!grow(depth - 1, step, end, tree) || !grow(depth - 1, step, end, half)) {
      return false;
    }
    const double both = log_sum(tree.log_weight, half.log_weight);
    const bool goes_on = apart(tree.sum + half.sum, tree.first, half.last)
                         && apart(tree.sum + half.first, tree.first, half.first)
                         && apart(half.sum + tree.last, tree.last, half.last);
    if (std::log(uniform_(random_)) < half.log_weight - both) {
      tree.chosen = half.chosen;
    }
    tree.log_weight = both;
    tree.sum += half.sum;
    tree.last = half.last;
    return goes_on;
  }

  bool leap(double step, Particle& end, Tree& tree) {
    end.momentum += step / 2 * end.slope;
    end.position += coordinates_.step(step * end.momentum);
    evaluate(end);
    end.momentum += step / 2 * end.slope;
    ++account_.n_leapfrog;
    const double gain = initial_ - end.energy();
    tree.log_weight = std::isnan(gain) ? -std::numeric_limits<double>::infinity() : gain;
    account_.accept += std::exp(std::min(0.0, tree.log_weight));
    account_.diverged = account_.diverged || tree.log_weight < -1000;
    tree.first = tree.last = tree.sum = end.momentum;
    tree.chosen = end;
    return !account_.diverged;
  }

  const Target& target_;
  const Coordinates& coordinates_;
  const double step_;
  const int max_depth_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_{0, 1};
  std::ostream* told_;
  Particle now_;
  double initial_ = 0;
  Account account_;
};

// Some transitions of each of some chains.  The numbers are the chains' points, then the metric: sds, or by columns the
// lower factor of a covariance.  Back come of each transition the point, its log density without constants, the
// acceptance statistic, the leapfrog steps, whether it diverged, the energy and the tree's depth.
inline Message run_transitions(Session& session, const Request& request) {
  const int d = session.target.dimension(), n_chains = request.integer("chains"), n = request.integer("transitions");
  const std::size_t width = d + 6;
  const Coordinates coordinates(request.numbers, std::size_t(n_chains) * d, d, request.integer("dense") != 0);
  Message reply{"", std::vector<double>(std::size_t(n_chains) * n * width, not_a_number)};
  Account account;
  each(session, n_chains, request.integer("threads", 1), account, [&]() -> Work {
    return [&](int chain, std::ostream& told) {
      std::seed_seq seed{request.integer("seed", 1), chain};
      Nuts nuts(session.target, coordinates, request.number("step", 1), request.integer("depth", 10), seed, &told);
      nuts.start(column(request.numbers, std::size_t(chain) * d, d));
      double* to = reply.numbers.data() + std::size_t(chain) * n * width;
      for (int i = 0; i < n; ++i, to += width) {
        const Nuts::Account made = nuts.transition();
        put(nuts.now().position, to);
        const double told_of[] = {nuts.now().log_p,   made.accept, double(made.n_leapfrog),
                                  double(made.diverged), made.energy, double(made.depth)};
        std::copy(told_of, told_of + 6, to + d);
      }
    };
  });
  reply.text = account.reply();
  return reply;
}

inline const Registered transitions_command("transitions", run_transitions);

}  // namespace harness

#endif

// An unbiased estimate of a sum over all rows, from a fresh batch at every call.  No Stan in here.
//
// The sum is of g(eta) = log(2 cosh(eta / 2)) = log1p_exp(eta) - eta / 2, eta = alpha + x * beta:
// what is left of the mixture's log likelihood once all that is linear in eta is summed exactly.
// A batch B of m of the N rows estimates it by N / m * sum_B g.
//
// With the control variate the estimate is, close to an anchor theta_0,
//   T(theta) + N / m * sum_B (g - t),
// where t is g's second-order Taylor polynomial about theta_0 and T its sum over all rows, known
// from one pass over them: SVRG (Johnson and Zhang 2013, NeurIPS 26) with a curved anchor, as the
// expansions of Bardenet, Doucet and Holmes (2017), JMLR 18(47).  It has the same expectation at
// every theta, and the less variance the closer theta is.  Far from the anchor it isn't used.
// The anchor is set after anchor_after calls, to the mean of the thetas of their latter half.
#ifndef MINIBATCH_SUM_HPP
#define MINIBATCH_SUM_HPP

#include "file_sums.hpp"
#include "random_rows.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace minibatch {

struct Settings {
  std::ptrdiff_t batch_size;
  std::uint32_t run_length;
  std::uint64_t seed;
  bool without_replacement;
  std::int64_t anchor_after;  // 0: no control variate
};

class Sum {
 public:
  Sum(const npy::Rows& rows, const npy::Summary& summary, const Settings& settings)
      : rows_(rows),
        summary_(summary),
        n_batch_(settings.batch_size),
        stream_(static_cast<std::uint32_t>(rows.size()), settings.run_length,
                settings.without_replacement, settings.seed),
        anchor_after_(settings.anchor_after),
        batch_(npy::n_columns * settings.batch_size) {}

  // Estimates the sum at theta = (alpha, beta[0], beta[1]) and its gradient.
  double operator()(const double* theta, double* slopes) {
    if (++n_calls_ % calls_per_check == 0) {
      rows_.check_unchanged();
    }
    follow(theta);
    take_batch();
    const double sum = batch_sum(theta, slopes);
    const double scale = summary_.n / static_cast<double>(n_batch_);
    double distance[3];
    const bool corrects = is_near_anchor(theta, distance);
    double own[3] = {}, all[3] = {};
    double own_sum = 0, all_sum = 0;
    if (corrects) {
      own_sum = batch_moments().taylor(distance, own);
      all_sum = anchor_sums_.taylor(distance, all);
    }
    for (int k = 0; k < 3; ++k) {
      slopes[k] = all[k] + scale * (slopes[k] - own[k]);
    }
    return all_sum + scale * (sum - own_sum);
  }

 private:
  static constexpr std::int64_t calls_per_check = 64;
  // The root mean square change of eta from the anchor up to which the expansion is used.
  static constexpr double trusted_change = 1.0;

  // Counts theta among those whose mean is the anchor, and sets that when it is due.
  void follow(const double* theta) {
    if (anchor_after_ == 0 || has_anchor_) {
      return;
    }
    const bool counts = 2 * n_calls_ > anchor_after_;
    if (counts && std::isfinite(theta[0]) && std::isfinite(theta[1]) && std::isfinite(theta[2])) {
      ++n_seen_;
      for (int k = 0; k < 3; ++k) {
        anchor_[k] += (theta[k] - anchor_[k]) / static_cast<double>(n_seen_);
      }
    }
    if (n_calls_ < anchor_after_ || n_seen_ == 0) {
      return;
    }
    anchor_sums_ = npy::log1p_exp_moments(rows_, anchor_);
    subtract_linear(summary_.n, summary_.n * summary_.mean[0], summary_.n * summary_.mean[1],
                    anchor_sums_);
    has_anchor_ = true;
  }

  void take_batch() {
    const std::uint32_t* const indices = stream_.take(n_batch_);
    rows_.gather(indices, n_batch_, batch_.data());
    rows_.prefetch(indices + n_batch_, n_batch_);
    sum_[0] = sum_[1] = 0;
    for (std::ptrdiff_t i = 0; i < n_batch_; ++i) {
      sum_[0] += batch_[npy::n_columns * i];
      sum_[1] += batch_[npy::n_columns * i + 1];
    }
  }

  double batch_sum(const double* theta, double* slopes) const {
    const double n = static_cast<double>(n_batch_);
    const double sum = fused::log1p_exp_sum_of_pairs(batch_.data(), n_batch_, theta[0], theta + 1,
                                                     slopes);
    slopes[0] -= 0.5 * n;
    slopes[1] -= 0.5 * sum_[0];
    slopes[2] -= 0.5 * sum_[1];
    return sum - 0.5 * (theta[0] * n + theta[1] * sum_[0] + theta[2] * sum_[1]);
  }

  fused::Moments batch_moments() const {
    fused::Moments moments;
    fused::add_log1p_exp_moments(batch_.data(), n_batch_, anchor_, moments);
    subtract_linear(static_cast<double>(n_batch_), sum_[0], sum_[1], moments);
    return moments;
  }

  // From the moments of log1p_exp at the anchor to those of g.
  void subtract_linear(double n, double sum_1, double sum_2, fused::Moments& moments) const {
    moments.sums[0] -= 0.5 * (anchor_[0] * n + anchor_[1] * sum_1 + anchor_[2] * sum_2);
    moments.sums[1] -= 0.5 * n;
    moments.sums[2] -= 0.5 * sum_1;
    moments.sums[3] -= 0.5 * sum_2;
  }

  bool is_near_anchor(const double* theta, double* distance) const {
    if (!has_anchor_) {
      return false;
    }
    for (int k = 0; k < 3; ++k) {
      distance[k] = theta[k] - anchor_[k];
    }
    const double mean
        = distance[0] + distance[1] * summary_.mean[0] + distance[2] * summary_.mean[1];
    const double squares = distance[1] * distance[1] * summary_.square[0]
                           + distance[2] * distance[2] * summary_.square[1]
                           + 2 * distance[1] * distance[2] * summary_.product;
    return mean * mean + squares / summary_.n <= trusted_change * trusted_change;
  }

  const npy::Rows& rows_;
  npy::Summary summary_;
  std::ptrdiff_t n_batch_;
  random_rows::Stream stream_;
  std::int64_t anchor_after_;
  std::int64_t n_calls_ = 0;
  std::int64_t n_seen_ = 0;
  bool has_anchor_ = false;
  double anchor_[3] = {};
  fused::Moments anchor_sums_;
  std::vector<double> batch_;  // row by row
  double sum_[2] = {};         // of each column of the batch
};

}  // namespace minibatch

#endif

// Sums over rows x of two columns of log1p_exp(alpha + x * beta), its gradient and its Hessian in
// (alpha, beta), with which it is expanded about a point.  Compiled for several kinds of processor
// as log1p_exp_sum.hpp is.  No Stan in here.
#ifndef LOG1P_EXP_MOMENTS_HPP
#define LOG1P_EXP_MOMENTS_HPP

#include "log1p_exp_sum.hpp"

#include <array>

namespace fused {

#define LANES_CODE "log1p_exp_moments_lanes.hpp"
#include "each_lanes.hpp"
#undef LANES_CODE

// The sum, its gradient in (alpha, beta[0], beta[1]), and its Hessian's elements 00, 01, 02, 11, 12
// and 22.
struct Moments {
  std::array<double, 10> sums{};

  double value() const { return sums[0]; }
  double slope(int i) const { return sums[1 + i]; }
  double curvature(int i, int j) const {
    constexpr int place[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};
    return sums[place[i][j]];
  }

  // The second-order Taylor polynomial at a distance from the point of expansion, and its gradient.
  double taylor(const double* distance, double* slopes) const {
    double sum = value();
    for (int i = 0; i < 3; ++i) {
      double bend = 0;
      for (int j = 0; j < 3; ++j) {
        bend += curvature(i, j) * distance[j];
      }
      slopes[i] = slope(i) + bend;
      sum += distance[i] * (slope(i) + 0.5 * bend);
    }
    return sum;
  }
};

using MomentsPass = void (*)(const double* rows, std::ptrdiff_t n_rows, double alpha,
                             const double* beta, double* sums);

// Adds rows, which lie one behind the other, to `moments` about theta = (alpha, beta[0], beta[1]).
inline void add_log1p_exp_moments(const double* rows, std::ptrdiff_t n_rows, const double* theta,
                                  Moments& moments) {
  static const MomentsPass pass = WIDEST(moments);
  pass(rows, n_rows, theta[0], theta + 1, moments.sums.data());
}

}  // namespace fused

#endif

// The estimators of Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), doi:10.1214/20-BA1221, from Stan's own
// headers, put together as ArviZ does: R-hat is the larger of bulk and tail, MCSE uses the ESS of split chains.
#ifndef HARNESS_TOOLS_ESTIMATORS_HPP
#define HARNESS_TOOLS_ESTIMATORS_HPP

#include <stan/math/prim.hpp>
#include <stan/analyze/mcmc/check_chains.hpp>
#include <stan/analyze/mcmc/ess.hpp>
#include <stan/analyze/mcmc/split_chains.hpp>
#include <stan/analyze/mcmc/split_rank_normalized_ess.hpp>
#include <stan/analyze/mcmc/split_rank_normalized_rhat.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tools {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct Ess {
  double bulk;
  double tail;
};

inline Ess ess(const Eigen::MatrixXd& draws) {
  if (draws.rows() < 8)
    return {not_a_number, not_a_number};
  const auto pair = stan::analyze::split_rank_normalized_ess(draws);
  return {pair.first, pair.second};
}

inline double r_hat(const Eigen::MatrixXd& draws) {
  if (draws.rows() < 4)
    return not_a_number;
  const auto pair = stan::analyze::split_rank_normalized_rhat(draws);
  return std::max(pair.first, pair.second);
}

inline double sd(const Eigen::MatrixXd& draws) {
  return std::sqrt((draws.array() - draws.mean()).square().sum() / (draws.size() - 1));
}

inline double mcse_mean(const Eigen::MatrixXd& draws) {
  if (draws.rows() < 8)
    return not_a_number;
  const Eigen::MatrixXd halves = stan::analyze::split_chains(draws);
  return stan::analyze::is_finite_and_varies(halves) ? sd(draws) / std::sqrt(stan::analyze::ess(halves)) : not_a_number;
}

// Hyndman and Fan's seventh definition, as numpy.quantile's default.
inline double quantile(const Eigen::MatrixXd& draws, double probability) {
  if (draws.array().isNaN().any())
    return not_a_number;
  return stan::math::quantile(Eigen::VectorXd(draws.reshaped()), probability);
}

// Scaled to estimate the sd of a normal distribution.
inline double median_absolute_deviation(const Eigen::MatrixXd& draws) {
  return 1.4826 * quantile((draws.array() - quantile(draws, 0.5)).abs().matrix(), 0.5);
}

// Per chain: mean squared step of the energy over its variance (Betancourt 2016, arXiv:1604.00695); the lowest.
inline double lowest_e_bfmi(const Eigen::MatrixXd& energy) {
  double lowest = std::numeric_limits<double>::infinity();
  for (Eigen::Index chain = 0; chain < energy.cols(); ++chain) {
    const Eigen::VectorXd e = energy.col(chain);
    const Eigen::Index n = e.size();
    const double steps = (e.tail(n - 1) - e.head(n - 1)).squaredNorm() / n;
    lowest = std::min(lowest, steps / ((e.array() - e.mean()).square().sum() / n));
  }
  return lowest;
}

}  // namespace tools

#endif

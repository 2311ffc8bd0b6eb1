// The estimators of Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), doi:10.1214/20-BA1221, as ArviZ has them:
// R-hat is the larger of bulk and tail, the MCSE of the mean uses the ESS of split chains.
#ifndef HARNESS_TOOLS_ESTIMATORS_HPP
#define HARNESS_TOOLS_ESTIMATORS_HPP

#include <Eigen/Dense>
#include <unsupported/Eigen/FFT>
#include <boost/math/special_functions/erf.hpp>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>
#include <vector>

namespace tools {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Hyndman and Fan's seventh definition, as numpy.quantile's default.
inline double quantile(const Eigen::MatrixXd& draws, double probability) {
  if (draws.array().isNaN().any())
    return not_a_number;
  std::vector<double> sorted(draws.data(), draws.data() + draws.size());
  std::sort(sorted.begin(), sorted.end());
  const double place = (sorted.size() - 1) * probability;
  const std::size_t below = static_cast<std::size_t>(place);
  const double above = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] == above ? above : sorted[below] + (place - below) * (above - sorted[below]);
}

// Each chain as two, an odd draw in the middle left out.
inline Eigen::MatrixXd halves(const Eigen::MatrixXd& draws) {
  const Eigen::Index n = draws.rows() / 2;
  Eigen::MatrixXd split(n, 2 * draws.cols());
  for (Eigen::Index chain = 0; chain < draws.cols(); ++chain) {
    split.col(2 * chain) = draws.col(chain).head(n);
    split.col(2 * chain + 1) = draws.col(chain).tail(n);
  }
  return split;
}

// Normal scores of the ranks, ties at their mean rank; equation 14.
inline Eigen::MatrixXd rank_normalized(const Eigen::MatrixXd& draws) {
  std::vector<Eigen::Index> order(draws.size());
  std::iota(order.begin(), order.end(), 0);
  const double* values = draws.data();
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return values[a] < values[b]; });
  Eigen::MatrixXd scores(draws.rows(), draws.cols());
  for (std::size_t from = 0, to = 0; from < order.size(); from = to) {
    while (to < order.size() && values[order[to]] == values[order[from]])
      ++to;
    const double rank = (from + 1 + to) / 2.0;
    const double score = std::sqrt(2.0) * boost::math::erf_inv(2 * (rank - 0.375) / (order.size() + 0.25) - 1);
    for (std::size_t i = from; i < to; ++i)
      scores.data()[order[i]] = score;
  }
  return scores;
}

inline double variance(const Eigen::VectorXd& values) {
  return (values.array() - values.mean()).square().sum() / (values.size() - 1);
}

// Autocovariances of all lags, divided by the number of draws (Geyer 1992).
inline Eigen::VectorXd autocovariance(const Eigen::VectorXd& chain) {
  const Eigen::Index n = chain.size();
  Eigen::Index size = 1;
  while (size < 2 * n)
    size *= 2;
  Eigen::VectorXd padded = Eigen::VectorXd::Zero(size);
  padded.head(n) = chain.array() - chain.mean();
  Eigen::FFT<double> fft;
  Eigen::VectorXcd spectrum;
  fft.fwd(spectrum, padded);
  spectrum = spectrum.cwiseAbs2().cast<std::complex<double>>();
  fft.inv(padded, spectrum);
  return padded.head(n) / n;
}

// Geyer's initial positive, then monotone sequence over the chains' mean autocorrelations; equations 10-13.
inline double effective_size(const Eigen::MatrixXd& chains) {
  const Eigen::Index n = chains.rows();
  const double total = chains.size();
  if (chains.maxCoeff() - chains.minCoeff() < 1e-15)
    return total;
  Eigen::VectorXd covariance = Eigen::VectorXd::Zero(n);
  for (Eigen::Index chain = 0; chain < chains.cols(); ++chain)
    covariance += autocovariance(chains.col(chain)) / chains.cols();
  const double within = covariance(0) * n / (n - 1.0);
  double pooled = covariance(0);
  if (chains.cols() > 1)
    pooled += variance(chains.colwise().mean().transpose());
  const auto correlation = [&](Eigen::Index lag) { return 1 - (within - covariance(lag)) / pooled; };
  Eigen::VectorXd rho = Eigen::VectorXd::Zero(n);
  double even = rho(0) = 1;
  double odd = rho(1) = correlation(1);
  Eigen::Index t = 1;
  for (; t < n - 3 && even + odd > 0; t += 2) {
    even = correlation(t + 1);
    odd = correlation(t + 2);
    if (even + odd >= 0) {
      rho(t + 1) = even;
      rho(t + 2) = odd;
    }
  }
  const Eigen::Index last = t - 2;
  if (even > 0)
    rho(last + 1) = even;
  for (t = 1; t <= last - 2; t += 2)
    if (rho(t + 1) + rho(t + 2) > rho(t - 1) + rho(t))
      rho(t + 1) = rho(t + 2) = (rho(t - 1) + rho(t)) / 2;
  const double tau = 2 * rho.head(last + 1).sum() - 1 + rho(last + 1);
  return total / std::max(tau, 1 / std::log10(total));
}

// A step size: each chain has its own and keeps it, so that there is nothing within chains to compare with.
inline bool constant_within_chains(const Eigen::MatrixXd& draws) {
  return (halves(draws).colwise().maxCoeff().array() == halves(draws).colwise().minCoeff().array()).all();
}

// Draws that admit no ESS: fewer than four per half chain, not finite, or constant.
inline bool undefined(const Eigen::MatrixXd& draws) {
  return draws.rows() < 8 || !draws.allFinite() || constant_within_chains(draws);
}

inline double ess_of_halves(const Eigen::MatrixXd& draws) {
  return effective_size(halves(draws));
}

// Equation 4.
inline double r_hat_of(const Eigen::MatrixXd& chains) {
  const double n = chains.rows();
  double within = 0;
  for (Eigen::Index chain = 0; chain < chains.cols(); ++chain)
    within += variance(chains.col(chain)) / chains.cols();
  const double between = n * variance(chains.colwise().mean().transpose());
  return std::sqrt((between / within + n - 1) / n);
}

inline double r_hat(const Eigen::MatrixXd& draws) {
  if (undefined(draws))
    return not_a_number;
  const Eigen::MatrixXd split = halves(draws);
  const Eigen::MatrixXd folded = (split.array() - quantile(split, 0.5)).abs();
  return std::max(r_hat_of(rank_normalized(split)), r_hat_of(rank_normalized(folded)));
}

inline double sd(const Eigen::MatrixXd& draws) { return std::sqrt(variance(draws.reshaped())); }

inline double mcse_mean(const Eigen::MatrixXd& draws) {
  return undefined(draws) ? not_a_number : sd(draws) / std::sqrt(ess_of_halves(draws));
}

struct Ess {
  double bulk;
  double tail;
};

inline Ess ess(const Eigen::MatrixXd& draws) {
  if (undefined(draws))
    return {not_a_number, not_a_number};
  const auto below = [&](double probability) {
    return ess_of_halves((draws.array() <= quantile(draws, probability)).cast<double>().matrix());
  };
  return {effective_size(rank_normalized(halves(draws))), std::min(below(0.05), below(0.95))};
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

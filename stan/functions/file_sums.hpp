// Sums over all rows of a file, block by block.  No Stan in here.
#ifndef FILE_SUMS_HPP
#define FILE_SUMS_HPP

#include "log1p_exp_moments.hpp"
#include "log1p_exp_sum.hpp"
#include "npy_rows.hpp"

#include <cstdint>
#include <cstring>

namespace npy {

// What the rows contribute to any quadratic function: means, and centred sums of squares and
// products.
struct Summary {
  double n = 0;
  double mean[2] = {0, 0};
  double square[2] = {0, 0};
  double product = 0;

  // Merges the summary of further rows: Chan, Golub and LeVeque (1983), The American Statistician
  // 37(3).
  void add(const Summary& other) {
    const double total = n + other.n;
    const double weight = n * other.n / total;
    const double gap[2] = {other.mean[0] - mean[0], other.mean[1] - mean[1]};
    for (int k = 0; k < 2; ++k) {
      square[k] += other.square[k] + weight * gap[k] * gap[k];
      mean[k] += gap[k] * other.n / total;
    }
    product += other.product + weight * gap[0] * gap[1];
    n = total;
  }
};

// In four interleaved sums, which fit into the vector registers of any processor.
inline Summary summary_of_block(const double* first, const double* second, std::int64_t n) {
  constexpr std::int64_t lanes = 4;
  using Vec [[gnu::vector_size(8 * lanes)]] = double;
  const double origin[2] = {first[0], second[0]};
  Vec sums[5] = {};
  const auto add = [&](const Vec& a, const Vec& b) {
    sums[0] += a;
    sums[1] += b;
    sums[2] += a * a;
    sums[3] += b * b;
    sums[4] += a * b;
  };
  std::int64_t row = 0;
  for (; row + lanes <= n; row += lanes) {
    Vec a, b;
    std::memcpy(&a, first + row, sizeof a);
    std::memcpy(&b, second + row, sizeof b);
    add(a - origin[0], b - origin[1]);
  }
  for (; row < n; ++row) {
    add(Vec{first[row] - origin[0]}, Vec{second[row] - origin[1]});
  }
  double total[5] = {};
  for (int k = 0; k < 5; ++k) {
    for (int lane = 0; lane < lanes; ++lane) {
      total[k] += sums[k][lane];
    }
  }
  Summary summary;
  summary.n = static_cast<double>(n);
  for (int k = 0; k < 2; ++k) {
    summary.mean[k] = origin[k] + total[k] / summary.n;
    summary.square[k] = total[2 + k] - total[k] * total[k] / summary.n;
  }
  summary.product = total[4] - total[0] * total[1] / summary.n;
  return summary;
}

inline Summary summary_of(const Rows& rows) {
  Summary summary;
  rows.for_blocks([&](const double* columns, std::int64_t n) {
    summary.add(summary_of_block(columns, columns + block_rows, n));
  });
  rows.check_unchanged();
  return summary;
}

// The sum over all rows of log1p_exp(alpha + x * beta) and its three slopes.
inline double log1p_exp_sum(const Rows& rows, double alpha, const double* beta, double* slopes) {
  std::fill_n(slopes, 1 + n_columns, 0.0);
  double sum = 0;
  rows.for_blocks([&](const double* columns, std::int64_t n) {
    double own_slopes[1 + n_columns];
    sum += fused::log1p_exp_sum({columns, n, n_columns, block_rows}, alpha, beta, own_slopes);
    for (int k = 0; k < 1 + n_columns; ++k) {
      slopes[k] += own_slopes[k];
    }
  });
  rows.check_unchanged();
  return sum;
}

inline fused::Moments log1p_exp_moments(const Rows& rows, const double* theta) {
  fused::Moments moments;
  rows.for_blocks([&](const double* columns, std::int64_t n) {
    fused::Moments own;
    fused::add_log1p_exp_moments(columns, columns + block_rows, n, theta, own);
    for (std::size_t k = 0; k < own.sums.size(); ++k) {
      moments.sums[k] += own.sums[k];
    }
  });
  rows.check_unchanged();
  return moments;
}

}  // namespace npy

#endif

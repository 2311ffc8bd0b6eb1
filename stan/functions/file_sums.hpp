// Sums over all rows of a file, block by block.  No Stan in here.
#ifndef FILE_SUMS_HPP
#define FILE_SUMS_HPP

#include "log1p_exp_sum.hpp"
#include "npy_rows.hpp"

#include <cstdint>
#include <cstring>

namespace npy {

// The rows' means, and their sums of squares about them.
struct Summary {
  double n = 0;
  double mean[2] = {0, 0};
  double square[2] = {0, 0};

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
    n = total;
  }
};

inline Summary summary_of_block(const double* rows, std::int64_t n) {
  using Row [[gnu::vector_size(row_bytes)]] = double;
  const Row origin = {rows[0], rows[1]};
  Row sum{}, square{};
  for (std::int64_t i = 0; i < n; ++i) {
    Row row;
    std::memcpy(&row, rows + n_columns * i, sizeof row);
    row -= origin;
    sum += row;
    square += row * row;
  }
  Summary summary;
  summary.n = static_cast<double>(n);
  for (int k = 0; k < 2; ++k) {
    summary.mean[k] = origin[k] + sum[k] / summary.n;
    summary.square[k] = square[k] - sum[k] * sum[k] / summary.n;
  }
  return summary;
}

inline Summary summary_of(const Rows& rows) {
  Summary summary;
  rows.for_blocks([&](const double* block, std::int64_t n) {
    summary.add(summary_of_block(block, n));
  });
  rows.check_unchanged();
  return summary;
}

// The sum over all rows of log1p_exp(alpha + x * beta) and its three slopes.
inline double log1p_exp_sum(const Rows& rows, double alpha, const double* beta, double* slopes) {
  std::fill_n(slopes, 1 + n_columns, 0.0);
  double sum = 0;
  rows.for_blocks([&](const double* block, std::int64_t n) {
    double own_slopes[1 + n_columns];
    sum += fused::log1p_exp_sum_of_pairs(block, n, alpha, beta, own_slopes);
    for (int k = 0; k < 1 + n_columns; ++k) {
      slopes[k] += own_slopes[k];
    }
  });
  rows.check_unchanged();
  return sum;
}

}  // namespace npy

#endif

// Sum over the rows of a matrix of log(1 + exp(alpha + x * beta)) and its gradient, in one pass.
//
// The pass of log1p_exp_sum_lanes.hpp is compiled for vectors of two numbers, which any processor
// of today has, and on x86-64 also for AVX2 and AVX-512; the widest that the processor has is taken
// at run time, so that no compiler flag is needed.  Numbers cross the border between code for
// different processors as plain pointers only.  No Stan in here: gmm_fused.hpp hands it to Stan.
#ifndef LOG1P_EXP_SUM_HPP
#define LOG1P_EXP_SUM_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace fused {

// A matrix, column by column; `stride` numbers lie between the tops of neighbouring columns.
struct Columns {
  const double* values;
  std::ptrdiff_t n_rows;
  std::ptrdiff_t n_columns;
  std::ptrdiff_t stride;
};

// Return the sum.  `beta` has a number for each column; `slopes` receives one more, the derivatives
// with respect to alpha and to each of beta.  Pairs are rows of two columns, one behind the other.
using ColumnsPass = double (*)(const Columns& x, double alpha, const double* beta, double* slopes);
using PairsPass = double (*)(const double* rows, std::ptrdiff_t n_rows, double alpha,
                             const double* beta, double* slopes);

constexpr double log2_e = 0x1.71547652b82fep+0;
constexpr double log_2 = 0x1.62e42fefa39efp-1;

// Rows between two logarithms.  The product of as many factors, each at most 2, is finite, and so
// it is with those of a few more rows.
constexpr std::ptrdiff_t rows_per_logarithm = 1000;

#define LANES_CODE "log1p_exp_sum_lanes.hpp"
#include "each_lanes.hpp"
#undef LANES_CODE

#if defined(__x86_64__)

inline bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

inline bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f");
}

#define WIDEST(name) (has_avx512() ? avx512::name : has_avx2() ? avx2::name : portable::name)

#else

#define WIDEST(name) portable::name

#endif

inline double log1p_exp_sum(const Columns& x, double alpha, const double* beta, double* slopes) {
  static const ColumnsPass pass = WIDEST(columns_pass);
  return pass(x, alpha, beta, slopes);
}

inline double log1p_exp_sum_of_pairs(const double* rows, std::ptrdiff_t n_rows, double alpha,
                                     const double* beta, double* slopes) {
  static const PairsPass pass = WIDEST(pairs_pass);
  return pass(rows, n_rows, alpha, beta, slopes);
}

}  // namespace fused

#endif

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
#include <vector>

namespace fused {

// A matrix, column by column; `stride` numbers lie between the tops of neighbouring columns.
struct Columns {
  const double* values;
  std::ptrdiff_t n_rows;
  std::ptrdiff_t n_columns;
  std::ptrdiff_t stride;
};

// Returns the sum.  `beta` has n_columns numbers; `slopes` receives 1 + n_columns, the derivatives
// with respect to alpha and to each of beta.
using Pass = double (*)(const Columns& x, double alpha, const double* beta, double* slopes);

constexpr double log2_e = 0x1.71547652b82fep+0;
constexpr double log_2 = 0x1.62e42fefa39efp-1;

// Rows between two logarithms.  The product of as many factors, each at most 2, is finite, and so
// it is with those of a few more rows.
constexpr std::ptrdiff_t rows_per_logarithm = 1000;

// A number or vector for each column, in registers where the number of columns is known.
template <typename T, int known_columns>
class PerColumn {
 public:
  explicit PerColumn(std::ptrdiff_t) {}
  T& operator[](std::ptrdiff_t k) { return values_[k]; }
  const T& operator[](std::ptrdiff_t k) const { return values_[k]; }
  const T* data() const { return values_; }

 private:
  T values_[known_columns] = {};
};

template <typename T>
class PerColumn<T, 0> {
 public:
  explicit PerColumn(std::ptrdiff_t n_columns) : values_(n_columns) {}
  T& operator[](std::ptrdiff_t k) { return values_[k]; }
  const T& operator[](std::ptrdiff_t k) const { return values_[k]; }
  const T* data() const { return values_.data(); }

 private:
  std::vector<T> values_;
};

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

inline Pass widest_pass() {
  return has_avx512() ? avx512::pass : has_avx2() ? avx2::pass : portable::pass;
}

#else

inline Pass widest_pass() { return portable::pass; }

#endif

inline double log1p_exp_sum(const Columns& x, double alpha, const double* beta, double* slopes) {
  static const Pass pass = widest_pass();
  return pass(x, alpha, beta, slopes);
}

}  // namespace fused

#endif

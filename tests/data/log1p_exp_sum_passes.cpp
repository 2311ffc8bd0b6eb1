// The passes of log1p_exp_sum.hpp for a test to call, one function each, without Stan.
#include "log1p_exp_sum.hpp"

#define EXPORT_COLUMNS(name, pass, is_there)                                                     \
  extern "C" int has_##name() { return is_there; }                                               \
  extern "C" double name(const double* values, std::ptrdiff_t n_rows, std::ptrdiff_t n_columns,  \
                         std::ptrdiff_t stride, double alpha, const double* beta,                \
                         double* slopes) {                                                       \
    return pass({values, n_rows, n_columns, stride}, alpha, beta, slopes);                       \
  }

#define EXPORT_PAIRS(name, pass, is_there)                                                       \
  extern "C" int has_pairs_##name() { return is_there; }                                         \
  extern "C" double pairs_##name(const double* rows, std::ptrdiff_t n_rows, double alpha,        \
                                 const double* beta, double* slopes) {                           \
    return pass(rows, n_rows, alpha, beta, slopes);                                              \
  }

#define EXPORT(name, space, is_there)                     \
  EXPORT_COLUMNS(name, space::columns_pass, is_there)     \
  EXPORT_PAIRS(name, space::pairs_pass, is_there)

EXPORT(portable, fused::portable, 1)
EXPORT_COLUMNS(chosen, fused::log1p_exp_sum, 1)
EXPORT_PAIRS(chosen, fused::log1p_exp_sum_of_pairs, 1)
#if defined(__x86_64__)
EXPORT(avx2, fused::avx2, fused::has_avx2())
EXPORT(avx512, fused::avx512, fused::has_avx512())
#endif

// The passes of log1p_exp_sum.hpp for a test to call, one function each, without Stan.
#include "log1p_exp_sum.hpp"

namespace {

double call(fused::Pass pass, const double* values, std::ptrdiff_t n_rows,
            std::ptrdiff_t n_columns, std::ptrdiff_t stride, double alpha, const double* beta,
            double* slopes) {
  return pass({values, n_rows, n_columns, stride}, alpha, beta, slopes);
}

}  // namespace

#define EXPORT(name, pass, is_there)                                                          \
  extern "C" int has_##name() { return is_there; }                                            \
  extern "C" double name(const double* values, std::ptrdiff_t n_rows, std::ptrdiff_t n_columns, \
                         std::ptrdiff_t stride, double alpha, const double* beta,             \
                         double* slopes) {                                                    \
    return call(pass, values, n_rows, n_columns, stride, alpha, beta, slopes);                \
  }

EXPORT(portable, fused::portable::pass, 1)
EXPORT(chosen, fused::log1p_exp_sum, 1)
#if defined(__x86_64__)
EXPORT(avx2, fused::avx2::pass, fused::has_avx2())
EXPORT(avx512, fused::avx512::pass, fused::has_avx512())
#endif

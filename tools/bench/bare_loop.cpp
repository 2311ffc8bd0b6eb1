// What one gradient of a two-component mixture's log likelihood costs without Stan: a bare loop
// over two columns that the compiler vectorises by itself.
// Wants -Ofast -march=native, with which sums are reordered and exp comes from the vector library.
//
// usage: bare_loop FILE N_ROWS N_GRADIENTS
//   FILE has 2 * N_ROWS doubles, the first column before the second.
//   Prints seconds per gradient, the sum of log1p_exp(alpha + x * beta) over rows at
//   alpha = 0.3, beta = (1.1, -0.7), and its three slopes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

struct Gradient {
  double sum, alpha, beta_1, beta_2;
};

// sum log1p(e_n) = log(product(1 + e_n)); as many factors of at most 2 stay finite.
constexpr std::ptrdiff_t rows_per_logarithm = 1000;

__attribute__((noinline)) Gradient gradient_at(const double* __restrict x_1,
                                               const double* __restrict x_2,
                                               std::ptrdiff_t n_rows, double alpha, double beta_1,
                                               double beta_2) {
  double sum = 0, slope_0 = 0, slope_1 = 0, slope_2 = 0;
  for (std::ptrdiff_t begin = 0; begin < n_rows; begin += rows_per_logarithm) {
    const std::ptrdiff_t end = std::min(n_rows, begin + rows_per_logarithm);
    double product = 1;
    for (std::ptrdiff_t n = begin; n < end; ++n) {
      const double eta = alpha + x_1[n] * beta_1 + x_2[n] * beta_2;
      const double e = std::exp(-std::fabs(eta));
      const double slope = (eta < 0 ? e : 1.0) / (1 + e);
      product *= 1 + e;
      sum += eta < 0 ? 0.0 : eta;
      slope_0 += slope;
      slope_1 += slope * x_1[n];
      slope_2 += slope * x_2[n];
    }
    sum += std::log(product);
  }
  return {sum, slope_0, slope_1, slope_2};
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bare_loop FILE N_ROWS N_GRADIENTS\n", stderr);
    return 2;
  }
  const std::ptrdiff_t n_rows = std::atol(argv[2]);
  const long n_gradients = std::atol(argv[3]);
  std::vector<double> x(2 * n_rows);
  std::ifstream file(argv[1], std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(x.data()), 8 * x.size())) {
    std::fprintf(stderr, "'%s' has fewer than 2 * %td numbers\n", argv[1], n_rows);
    return 1;
  }
  const Gradient shown = gradient_at(x.data(), x.data() + n_rows, n_rows, 0.3, 1.1, -0.7);
  volatile double kept = 0;
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < n_gradients; ++i) {
    kept = gradient_at(x.data(), x.data() + n_rows, n_rows, 0.3 + 1e-9 * i, 1.1, -0.7).beta_2;
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  std::printf("%.9g %.17g %.17g %.17g %.17g\n", time.count() / std::max(1L, n_gradients), shown.sum,
              shown.alpha, shown.beta_1, shown.beta_2);
}

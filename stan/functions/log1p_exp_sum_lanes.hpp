// One pass over the rows, LANES of them at a time, in code for LANES_TARGET.
// log1p_exp_sum.hpp has each_lanes.hpp include this once for each kind of processor.
//
// With eta = alpha + x * beta and e = exp(-|eta|),
//   log1p_exp(eta) = max(eta, 0) + log1p(e),    its slope = (eta < 0 ? e : 1) / (1 + e).
// A row's logarithm is never taken: sum log1p(e_n) = log1p(product(1 + e_n) - 1), and that product
// less one follows from row to row as odds + e * (1 + odds), where nothing cancels, so that the sum
// keeps its relative accuracy however small it is.

using Vec [[gnu::vector_size(8 * LANES)]] = double;
using Bits [[gnu::vector_size(8 * LANES)]] = std::int64_t;

struct alignas(sizeof(Vec)) Aligned {
  double values[LANES];
};

LANES_TARGET inline Vec load(const double* values) {
  Vec vec;
  std::memcpy(&vec, values, sizeof vec);
  return vec;
}

LANES_TARGET inline void store(double* values, const Vec& vec) {
  std::memcpy(values, &vec, sizeof vec);
}

// exp(-distance) for distance >= 0, with a relative error below 1e-14; 0 from distance 700 on.
// exp(-distance) = 2^power * exp(rest) with a whole power and |rest| <= log(2) / 2, where the
// Taylor polynomial of degree 11 leaves 7e-15.
LANES_TARGET inline Vec exp_minus(const Vec& distance) {
  constexpr double log2_e = 0x1.71547652b82fep+0;
  constexpr double log_2_head = 0x1.62e42feep-1;  // times any power is exact
  constexpr double log_2_tail = 0x1.a39ef35793c76p-33;
  constexpr double shift = 0x1.8p+52;  // rounds what is added to a whole number in the low bits
  const Vec shifted = shift - distance * log2_e;
  const Vec power = shifted - shift;
  const Vec rest = -distance - power * log_2_head - power * log_2_tail;
  Vec series = rest * (1.0 / 39916800) + 1.0 / 3628800;
  series = series * rest + 1.0 / 362880;
  series = series * rest + 1.0 / 40320;
  series = series * rest + 1.0 / 5040;
  series = series * rest + 1.0 / 720;
  series = series * rest + 1.0 / 120;
  series = series * rest + 1.0 / 24;
  series = series * rest + 1.0 / 6;
  series = series * rest + 1.0 / 2;
  series = series * rest + 1.0;
  series = series * rest + 1.0;
  const Vec scaled = (Vec)((Bits)series + ((Bits)shifted << 52));
  return distance > 700.0 ? Vec{} : scaled;
}

// Adds to `slopes` what LANES * n_steps rows contribute, of which the first begins at `rows`, and
// returns what they add to the sum.  n_steps is at most steps_per_logarithm.
LANES_TARGET inline double stretch(const double* rows, std::ptrdiff_t n_steps,
                                   std::ptrdiff_t n_columns, std::ptrdiff_t stride,
                                   const Vec& alpha, const double* beta, double* slopes) {
  Vec odds{};      // product of (1 + e), less one
  Vec positive{};  // sum of max(eta, 0)
  Vec alpha_slope{};
  std::vector<Aligned> beta_slopes(n_columns, Aligned{});
  for (const double* const end = rows + LANES * n_steps; rows < end; rows += LANES) {
    Vec eta = alpha;
    for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
      eta += load(rows + k * stride) * beta[k];
    }
    const Vec e = exp_minus((Vec)((Bits)eta & INT64_MAX));
    const Vec slope = (eta < 0.0 ? e : Vec{} + 1.0) / (e + 1.0);
    odds += e * odds + e;
    positive += eta < 0.0 ? Vec{} : eta;
    alpha_slope += slope;
    for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
      double* const sum = beta_slopes[k].values;
      store(sum, load(sum) + load(rows + k * stride) * slope);
    }
  }
  double sum = 0;
  for (int lane = 0; lane < LANES; ++lane) {
    sum += positive[lane] + std::log1p(odds[lane]);
    slopes[0] += alpha_slope[lane];
    for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
      slopes[1 + k] += beta_slopes[k].values[lane];
    }
  }
  return sum;
}

// The last rows, fewer than LANES: as `stretch`, where lanes without a row have eta = -infinity.
LANES_TARGET inline double rest(const double* rows, std::ptrdiff_t n_rows,
                                std::ptrdiff_t n_columns, std::ptrdiff_t stride, double alpha,
                                const double* beta, double* slopes) {
  std::vector<double> padded(LANES * n_columns, 0.0);
  for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
    std::copy_n(rows + k * stride, n_rows, padded.data() + k * LANES);
  }
  Vec alphas;
  for (int lane = 0; lane < LANES; ++lane) {
    alphas[lane] = lane < n_rows ? alpha : -HUGE_VAL;
  }
  return stretch(padded.data(), 1, n_columns, LANES, alphas, beta, slopes);
}

LANES_TARGET inline double pass(const Columns& x, double alpha, const double* beta,
                                double* slopes) {
  std::fill_n(slopes, 1 + x.n_columns, 0.0);
  const std::ptrdiff_t n_steps = x.n_rows / LANES;
  const double* rows = x.values;
  double sum = 0;
  for (std::ptrdiff_t step = 0; step < n_steps; step += steps_per_logarithm) {
    const std::ptrdiff_t n = std::min(steps_per_logarithm, n_steps - step);
    sum += stretch(rows, n, x.n_columns, x.stride, Vec{} + alpha, beta, slopes);
    rows += n * LANES;
  }
  if (const std::ptrdiff_t n_rest = x.n_rows % LANES) {
    sum += rest(rows, n_rest, x.n_columns, x.stride, alpha, beta, slopes);
  }
  return sum;
}

// One pass over the rows, LANES of them at a time, in code for LANES_TARGET.
// log1p_exp_sum.hpp has each_lanes.hpp include this once for each kind of processor.
//
// With eta = alpha + x * beta and e = exp(-|eta|),
//   log1p_exp(eta) = max(eta, 0) + log1p(e),    its slope = (eta < 0 ? e : 1) / (1 + e).
// Predictors are counted in units of log(2), so that e = 2^-|eta| needs no scaling row by row.
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

LANES_TARGET inline double sum_of(const Vec& lanes) {
  double sum = 0;
  for (int lane = 0; lane < LANES; ++lane) {
    sum += lanes[lane];
  }
  return sum;
}

// log of the product of the lanes of 1 + odds.
LANES_TARGET inline double log1p_of(const Vec& odds) {
  double total = odds[0];
  for (int lane = 1; lane < LANES; ++lane) {
    total += odds[lane] + odds[lane] * total;
  }
  return std::log1p(total);
}

// 2^-distance for distance >= 0, with a relative error below 1e-15; 0 from distance 1010 on.
// 2^-distance = 2^power * 2^rest with a whole power and |rest| <= 1 / 2, where the polynomial of
// least relative error of degree 10, by the algorithm of Remez, leaves 2.2e-16.
LANES_TARGET inline Vec exp2_minus(const Vec& distance) {
  constexpr double shift = 0x1.8p+52;  // rounds what is added to a whole number in the low bits
  const Vec shifted = shift - distance;
  const Vec power = shifted - shift;
  const Vec rest = -distance - power;
  Vec series = rest * 0x1.e3991e644e6abp-28 + 0x1.b6740fc28f781p-24;
  series = series * rest + 0x1.62c157ee59177p-20;
  series = series * rest + 0x1.ffcb55e82f22cp-17;
  series = series * rest + 0x1.4309126056718p-13;
  series = series * rest + 0x1.5d87fe9cc5d6fp-10;
  series = series * rest + 0x1.3b2ab6fbde0f7p-7;
  series = series * rest + 0x1.c6b08d703d48ap-5;
  series = series * rest + 0x1.ebfbdff82c3b9p-3;
  series = series * rest + 0x1.62e42fefa3a17p-1;
  series = series * rest + 1.0;
  const Vec scaled = (Vec)((Bits)series + ((Bits)shifted << 52));
  return distance > 1010.0 ? Vec{} : scaled;
}

// What rows have contributed, lane by lane.
template <int known_columns>
struct Totals {
  Vec odds{};      // product of (1 + e), less one
  Vec positive{};  // sum of max(eta, 0), in units of log(2)
  Vec alpha_slope{};
  PerColumn<Aligned, known_columns> beta_slopes;
};

// Adds LANES rows, of which the first begins at `row`; alpha and beta in units of log(2).
template <int known_columns>
[[gnu::always_inline]] LANES_TARGET inline void add_rows(
    const double* row, const Columns& x, const Vec& alpha,
    const PerColumn<double, known_columns>& beta, Totals<known_columns>& totals) {
  const std::ptrdiff_t n_columns = known_columns > 0 ? known_columns : x.n_columns;
  Vec eta = alpha;
  for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
    eta += load(row + k * x.stride) * beta[k];
  }
  const Vec e = exp2_minus((Vec)((Bits)eta & INT64_MAX));
  const Vec slope = (eta < 0.0 ? e : Vec{} + 1.0) / (e + 1.0);
  totals.odds += e * totals.odds + e;
  totals.positive += eta < 0.0 ? Vec{} : eta;
  totals.alpha_slope += slope;
  for (std::ptrdiff_t k = 0; k < n_columns; ++k) {
    double* const sum = totals.beta_slopes[k].values;
    store(sum, load(sum) + load(row + k * x.stride) * slope);
  }
}

// Adds the last rows, fewer than LANES; lanes without a row have eta = -infinity.
template <int known_columns>
LANES_TARGET inline void add_fragment(const Columns& x, double alpha,
                                      const PerColumn<double, known_columns>& beta,
                                      Totals<known_columns>& totals) {
  const std::ptrdiff_t n_rows = x.n_rows % LANES;
  PerColumn<Aligned, known_columns> padded(x.n_columns);
  for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
    std::copy_n(x.values + k * x.stride + x.n_rows - n_rows, n_rows, padded[k].values);
  }
  Vec alphas;
  for (int lane = 0; lane < LANES; ++lane) {
    alphas[lane] = lane < n_rows ? alpha : -HUGE_VAL;
  }
  const auto* const rows = reinterpret_cast<const double*>(padded.data());
  add_rows(rows, {rows, LANES, x.n_columns, LANES}, alphas, beta, totals);
}

// The pass over a matrix whose number of columns is `known_columns`, or any if that is 0.
template <int known_columns>
LANES_TARGET inline double pass_over(const Columns& x, double alpha, const double* beta,
                                     double* slopes) {
  PerColumn<double, known_columns> scaled(x.n_columns);
  for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
    scaled[k] = beta[k] * log2_e;
  }
  Totals<known_columns> totals{{}, {}, {}, PerColumn<Aligned, known_columns>(x.n_columns)};
  const std::ptrdiff_t n_whole = x.n_rows - x.n_rows % LANES;
  if (n_whole < x.n_rows) {
    add_fragment(x, alpha * log2_e, scaled, totals);
  }
  double sum = 0;
  std::ptrdiff_t row = 0;
  do {
    const std::ptrdiff_t end = std::min(n_whole, row + rows_per_logarithm);
    for (; row < end; row += LANES) {
      add_rows(x.values + row, x, Vec{} + alpha * log2_e, scaled, totals);
    }
    sum += log1p_of(totals.odds);
    totals.odds = Vec{};
  } while (row < n_whole);
  slopes[0] = sum_of(totals.alpha_slope);
  for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
    slopes[1 + k] = sum_of(load(totals.beta_slopes[k].values));
  }
  return sum + sum_of(totals.positive) * log_2;
}

LANES_TARGET inline double pass(const Columns& x, double alpha, const double* beta,
                                double* slopes) {
  return x.n_columns == 2 ? pass_over<2>(x, alpha, beta, slopes)
                          : pass_over<0>(x, alpha, beta, slopes);
}

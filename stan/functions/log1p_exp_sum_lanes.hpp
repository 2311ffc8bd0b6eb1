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
struct Totals {
  Vec odds{};      // product of (1 + e), less one
  Vec positive{};  // sum of max(eta, 0), in units of log(2)
  Vec alpha_slope{};

  // Adds LANES rows with these predictors, in units of log(2), and returns their slopes.
  [[gnu::always_inline]] LANES_TARGET inline Vec add(const Vec& eta) {
    const Vec e = exp2_minus((Vec)((Bits)eta & INT64_MAX));
    const Vec slope = (eta < 0.0 ? e : Vec{} + 1.0) / (e + 1.0);
    odds += e * odds + e;
    positive += eta < 0.0 ? Vec{} : eta;
    alpha_slope += slope;
    return slope;
  }
};

// alpha in the first n_rows lanes; -infinity, with which a row adds nothing, in the others.
LANES_TARGET inline Vec alpha_of_fragment(double alpha, std::ptrdiff_t n_rows) {
  Vec alphas;
  for (int lane = 0; lane < LANES; ++lane) {
    alphas[lane] = lane < n_rows ? alpha : -HUGE_VAL;
  }
  return alphas;
}

// Calls sums.add(rows, row, alpha) for each LANES rows, first for the fragment of a vector at their
// end, and returns the sum of log1p_exp; alpha in units of log(2).
template <typename Sums, typename Rows>
LANES_TARGET inline double add_all(const Rows& rows, std::ptrdiff_t n_rows, double alpha,
                                   Sums& sums) {
  const std::ptrdiff_t n_fragment = n_rows % LANES;
  const std::ptrdiff_t n_whole = n_rows - n_fragment;
  if (n_fragment > 0) {
    sums.add(rows.fragment(n_whole, n_fragment), 0, alpha_of_fragment(alpha, n_fragment));
  }
  double sum = 0;
  std::ptrdiff_t row = 0;
  do {
    const std::ptrdiff_t end = std::min(n_whole, row + rows_per_logarithm);
    for (; row < end; row += LANES) {
      sums.add(rows, row, Vec{} + alpha);
    }
    sum += log1p_of(sums.totals.odds);
    sums.totals.odds = Vec{};
  } while (row < n_whole);
  return sum + sum_of(sums.totals.positive) * log_2;
}

// Two columns of fewer than LANES rows, zeros behind them.
struct PairsFragment {
  Aligned first{}, second{};

  LANES_TARGET inline void load_from(std::ptrdiff_t, Vec& x_1, Vec& x_2) const {
    x_1 = load(first.values);
    x_2 = load(second.values);
  }
};

// Two columns that lie apart.
struct TwoColumns {
  const double* first;
  const double* second;

  LANES_TARGET inline void load_from(std::ptrdiff_t row, Vec& x_1, Vec& x_2) const {
    x_1 = load(first + row);
    x_2 = load(second + row);
  }

  PairsFragment fragment(std::ptrdiff_t row, std::ptrdiff_t n_rows) const {
    PairsFragment copy;
    std::copy_n(first + row, n_rows, copy.first.values);
    std::copy_n(second + row, n_rows, copy.second.values);
    return copy;
  }
};

// Two columns whose rows lie one behind the other.
struct Pairs {
  const double* rows;

  // The rows come in another order, the same in both vectors: one that takes one instruction each.
  LANES_TARGET inline void load_from(std::ptrdiff_t row, Vec& x_1, Vec& x_2) const {
    split(load(rows + 2 * row), load(rows + 2 * row + LANES), x_1, x_2,
          std::make_index_sequence<LANES>());
  }

  template <std::size_t... lane>
  LANES_TARGET static inline void split(const Vec& a, const Vec& b, Vec& x_1, Vec& x_2,
                                        std::index_sequence<lane...>) {
    x_1 = __builtin_shufflevector(a, b, (lane % 2 == 0 ? lane : LANES + lane - 1)...);
    x_2 = __builtin_shufflevector(a, b, (lane % 2 == 0 ? lane + 1 : LANES + lane)...);
  }

  PairsFragment fragment(std::ptrdiff_t row, std::ptrdiff_t n_rows) const {
    PairsFragment copy;
    for (std::ptrdiff_t i = 0; i < n_rows; ++i) {
      copy.first.values[i] = rows[2 * (row + i)];
      copy.second.values[i] = rows[2 * (row + i) + 1];
    }
    return copy;
  }
};

struct PairSlopes {
  double beta[2];  // in units of log(2)
  Totals totals;
  Vec s_1{}, s_2{};

  template <typename Rows>
  [[gnu::always_inline]] LANES_TARGET inline void add(const Rows& rows, std::ptrdiff_t row,
                                                      const Vec& alpha) {
    Vec x_1, x_2;
    rows.load_from(row, x_1, x_2);
    const Vec slope = totals.add(alpha + x_1 * beta[0] + x_2 * beta[1]);
    s_1 += slope * x_1;
    s_2 += slope * x_2;
  }
};

template <typename Rows>
LANES_TARGET inline double pass_over_pairs(const Rows& rows, std::ptrdiff_t n_rows, double alpha,
                                           const double* beta, double* slopes) {
  PairSlopes sums{{beta[0] * log2_e, beta[1] * log2_e}, {}, {}, {}};
  const double sum = add_all(rows, n_rows, alpha * log2_e, sums);
  slopes[0] = sum_of(sums.totals.alpha_slope);
  slopes[1] = sum_of(sums.s_1);
  slopes[2] = sum_of(sums.s_2);
  return sum;
}

// Any number of columns, and what a fragment of them has.
struct ColumnsFragment {
  std::vector<double> padded;

  LANES_TARGET inline Vec load_from(std::ptrdiff_t, std::ptrdiff_t column) const {
    return load(padded.data() + LANES * column);
  }
};

struct AnyColumns {
  const Columns& x;

  LANES_TARGET inline Vec load_from(std::ptrdiff_t row, std::ptrdiff_t column) const {
    return load(x.values + column * x.stride + row);
  }

  ColumnsFragment fragment(std::ptrdiff_t row, std::ptrdiff_t n_rows) const {
    ColumnsFragment copy{std::vector<double>(LANES * x.n_columns)};
    for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
      std::copy_n(x.values + k * x.stride + row, n_rows, copy.padded.data() + k * LANES);
    }
    return copy;
  }
};

struct ColumnSlopes {
  std::vector<double> beta;  // in units of log(2)
  std::vector<Aligned> slopes;
  Totals totals;

  template <typename Rows>
  [[gnu::always_inline]] LANES_TARGET inline void add(const Rows& rows, std::ptrdiff_t row,
                                                      const Vec& alpha) {
    Vec eta = alpha;
    for (std::size_t k = 0; k < beta.size(); ++k) {
      eta += rows.load_from(row, k) * beta[k];
    }
    const Vec slope = totals.add(eta);
    for (std::size_t k = 0; k < beta.size(); ++k) {
      double* const sum = slopes[k].values;
      store(sum, load(sum) + rows.load_from(row, k) * slope);
    }
  }
};

LANES_TARGET inline double pass_over_columns(const Columns& x, double alpha, const double* beta,
                                             double* slopes) {
  ColumnSlopes sums{{}, std::vector<Aligned>(x.n_columns), {}};
  for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
    sums.beta.push_back(beta[k] * log2_e);
  }
  const double sum = add_all(AnyColumns{x}, x.n_rows, alpha * log2_e, sums);
  slopes[0] = sum_of(sums.totals.alpha_slope);
  for (std::ptrdiff_t k = 0; k < x.n_columns; ++k) {
    slopes[1 + k] = sum_of(load(sums.slopes[k].values));
  }
  return sum;
}

LANES_TARGET inline double columns_pass(const Columns& x, double alpha, const double* beta,
                                        double* slopes) {
  if (x.n_columns != 2) {
    return pass_over_columns(x, alpha, beta, slopes);
  }
  const TwoColumns rows{x.values, x.values + x.stride};
  return pass_over_pairs(rows, x.n_rows, alpha, beta, slopes);
}

LANES_TARGET inline double pairs_pass(const double* rows, std::ptrdiff_t n_rows, double alpha,
                                      const double* beta, double* slopes) {
  return pass_over_pairs(Pairs{rows}, n_rows, alpha, beta, slopes);
}

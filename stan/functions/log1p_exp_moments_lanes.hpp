// Sums over rows of two columns of log1p_exp(alpha + x * beta) and its first two derivatives, LANES
// rows at a time, in code for LANES_TARGET.  log1p_exp_moments.hpp has each_lanes.hpp include this
// once for each kind of processor, behind log1p_exp_sum_lanes.hpp, whose vectors it uses.
//
// With e = exp(-|eta|), the slope is s = (eta < 0 ? e : 1) / (1 + e) and the curvature s * (1 - s)
// = e / (1 + e)^2.

// What rows have contributed, lane by lane.
struct MomentTotals {
  Vec odds{}, positive{};  // as in Totals
  Vec s{}, s_1{}, s_2{};
  Vec c{}, c_1{}, c_2{}, c_11{}, c_12{}, c_22{};
};

// Adds LANES rows; alpha and beta in units of log(2).
[[gnu::always_inline]] LANES_TARGET inline void add_moments(const double* first,
                                                            const double* second, const Vec& alpha,
                                                            const double* beta,
                                                            MomentTotals& totals) {
  const Vec x_1 = load(first);
  const Vec x_2 = load(second);
  const Vec eta = alpha + x_1 * beta[0] + x_2 * beta[1];
  const Vec e = exp2_minus((Vec)((Bits)eta & INT64_MAX));
  const Vec inverse = 1.0 / (e + 1.0);
  const Vec slope = (eta < 0.0 ? e : Vec{} + 1.0) * inverse;
  const Vec curvature = e * inverse * inverse;
  const Vec curvature_1 = curvature * x_1;
  const Vec curvature_2 = curvature * x_2;
  totals.odds += e * totals.odds + e;
  totals.positive += eta < 0.0 ? Vec{} : eta;
  totals.s += slope;
  totals.s_1 += slope * x_1;
  totals.s_2 += slope * x_2;
  totals.c += curvature;
  totals.c_1 += curvature_1;
  totals.c_2 += curvature_2;
  totals.c_11 += curvature_1 * x_1;
  totals.c_12 += curvature_1 * x_2;
  totals.c_22 += curvature_2 * x_2;
}

// Adds to `sums`, as laid out in Moments; rows beyond the last whole vector are padded with rows
// whose eta is -infinity.
LANES_TARGET inline void moments(const double* first, const double* second, std::ptrdiff_t n_rows,
                                 double alpha, const double* beta, double* sums) {
  const double scaled[2] = {beta[0] * log2_e, beta[1] * log2_e};
  const std::ptrdiff_t n_whole = n_rows - n_rows % LANES;
  MomentTotals totals;
  if (n_whole < n_rows) {
    Aligned padded[2] = {};
    std::copy(first + n_whole, first + n_rows, padded[0].values);
    std::copy(second + n_whole, second + n_rows, padded[1].values);
    Vec alphas;
    for (int lane = 0; lane < LANES; ++lane) {
      alphas[lane] = n_whole + lane < n_rows ? alpha * log2_e : -HUGE_VAL;
    }
    add_moments(padded[0].values, padded[1].values, alphas, scaled, totals);
  }
  std::ptrdiff_t row = 0;
  do {
    for (const std::ptrdiff_t end = std::min(n_whole, row + rows_per_logarithm); row < end;
         row += LANES) {
      add_moments(first + row, second + row, Vec{} + alpha * log2_e, scaled, totals);
    }
    sums[0] += log1p_of(totals.odds);
    totals.odds = Vec{};
  } while (row < n_whole);
  sums[0] += sum_of(totals.positive) * log_2;
  const Vec derivatives[] = {totals.s,   totals.s_1,  totals.s_2,  totals.c,   totals.c_1,
                             totals.c_2, totals.c_11, totals.c_12, totals.c_22};
  for (int k = 0; k < 9; ++k) {
    sums[1 + k] += sum_of(derivatives[k]);
  }
}

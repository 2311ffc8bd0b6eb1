// Sums over rows of two columns of log1p_exp(alpha + x * beta) and its first two derivatives, LANES
// rows at a time, in code for LANES_TARGET.  log1p_exp_moments.hpp has each_lanes.hpp include this
// once for each kind of processor, behind log1p_exp_sum_lanes.hpp, whose vectors it uses.
//
// The curvature of log1p_exp at a slope s is s * (1 - s).

struct PairMoments {
  double beta[2];  // in units of log(2)
  Totals totals;
  Vec s_1{}, s_2{};
  Vec c{}, c_1{}, c_2{}, c_11{}, c_12{}, c_22{};

  template <typename Rows>
  [[gnu::always_inline]] LANES_TARGET inline void add(const Rows& rows, std::ptrdiff_t row,
                                                      const Vec& alpha) {
    Vec x_1, x_2;
    rows.load_from(row, x_1, x_2);
    const Vec slope = totals.add(alpha + x_1 * beta[0] + x_2 * beta[1]);
    const Vec curvature = slope * (1.0 - slope);
    const Vec curvature_1 = curvature * x_1;
    const Vec curvature_2 = curvature * x_2;
    s_1 += slope * x_1;
    s_2 += slope * x_2;
    c += curvature;
    c_1 += curvature_1;
    c_2 += curvature_2;
    c_11 += curvature_1 * x_1;
    c_12 += curvature_1 * x_2;
    c_22 += curvature_2 * x_2;
  }
};

// Adds to `sums`, as laid out in Moments.
LANES_TARGET inline void moments(const double* rows, std::ptrdiff_t n_rows, double alpha,
                                 const double* beta, double* sums) {
  PairMoments own{{beta[0] * log2_e, beta[1] * log2_e}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  sums[0] += add_all(Pairs{rows}, n_rows, alpha * log2_e, own);
  const Vec derivatives[] = {own.totals.alpha_slope, own.s_1,  own.s_2,  own.c,   own.c_1,
                             own.c_2,                own.c_11, own.c_12, own.c_22};
  for (int k = 0; k < 9; ++k) {
    sums[1 + k] += sum_of(derivatives[k]);
  }
}

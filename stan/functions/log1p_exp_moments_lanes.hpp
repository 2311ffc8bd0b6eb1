// Sums over rows of two columns of log1p_exp(alpha + x * beta) and its first two derivatives, LANES
// rows at a time, in code for LANES_TARGET.  log1p_exp_moments.hpp has each_lanes.hpp include this
// once for each kind of processor, behind log1p_exp_sum_lanes.hpp, whose vectors it uses.
//
// With e = exp(-|eta|), the slope is s = (eta < 0 ? e : 1) / (1 + e) and the curvature s * (1 - s)
// = e / (1 + e)^2.

// Adds to `sums`, as laid out in Moments; at most LANES * steps_per_logarithm rows at a time.
LANES_TARGET inline void add_moments(const double* first, const double* second,
                                     std::ptrdiff_t n_steps, const Vec& alpha, const double* beta,
                                     double* sums) {
  Vec odds{}, positive{};
  Vec s{}, s_1{}, s_2{};
  Vec c{}, c_1{}, c_2{}, c_11{}, c_12{}, c_22{};
  for (std::ptrdiff_t i = 0; i < LANES * n_steps; i += LANES) {
    const Vec x_1 = load(first + i);
    const Vec x_2 = load(second + i);
    const Vec eta = alpha + x_1 * beta[0] + x_2 * beta[1];
    const Vec e = exp_minus((Vec)((Bits)eta & INT64_MAX));
    const Vec inverse = 1.0 / (e + 1.0);
    const Vec slope = (eta < 0.0 ? e : Vec{} + 1.0) * inverse;
    const Vec curvature = e * inverse * inverse;
    odds += e * odds + e;
    positive += eta < 0.0 ? Vec{} : eta;
    s += slope;
    s_1 += slope * x_1;
    s_2 += slope * x_2;
    c += curvature;
    c_1 += curvature * x_1;
    c_2 += curvature * x_2;
    c_11 += curvature * x_1 * x_1;
    c_12 += curvature * x_1 * x_2;
    c_22 += curvature * x_2 * x_2;
  }
  const Vec derivatives[] = {s, s_1, s_2, c, c_1, c_2, c_11, c_12, c_22};
  for (int lane = 0; lane < LANES; ++lane) {
    sums[0] += positive[lane] + std::log1p(odds[lane]);
    for (int k = 0; k < 9; ++k) {
      sums[1 + k] += derivatives[k][lane];
    }
  }
}

// Rows beyond the last whole vector are padded with rows whose eta is -infinity.
LANES_TARGET inline void moments(const double* first, const double* second, std::ptrdiff_t n_rows,
                                 double alpha, const double* beta, double* sums) {
  const std::ptrdiff_t n_whole = n_rows / LANES;
  for (std::ptrdiff_t step = 0; step < n_whole; step += steps_per_logarithm) {
    const std::ptrdiff_t n = std::min(steps_per_logarithm, n_whole - step);
    add_moments(first + LANES * step, second + LANES * step, n, Vec{} + alpha, beta, sums);
  }
  if (const std::ptrdiff_t n_rest = n_rows % LANES) {
    double padded[2 * LANES] = {};
    std::copy_n(first + LANES * n_whole, n_rest, padded);
    std::copy_n(second + LANES * n_whole, n_rest, padded + LANES);
    Vec alphas;
    for (int lane = 0; lane < LANES; ++lane) {
      alphas[lane] = lane < n_rest ? alpha : -HUGE_VAL;
    }
    add_moments(padded, padded + LANES, 1, alphas, beta, sums);
  }
}

// Rows in slices, summed in parallel.
functions {
  real part_lpmf(array[] int y, int start, int end, vector x, real a, real b) {
    return binomial_logit_lupmf(y | 10, a + b * x[start:end]);
  }
}
data { int<lower=1> N; array[N] int<lower=0, upper=10> y; vector[N] x; }
parameters { real a; real b; }
model {
  a ~ normal(0, 2);
  b ~ normal(0, 2);
  target += reduce_sum(part_lupmf, y, 1, x, a, b);
}

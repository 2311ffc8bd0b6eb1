// Zero-inflated counts by a function of the program's own; one row at least, by declaration.
functions {
  real inflated_lpmf(int y, real log_rate, real logit_zero) {
    if (y == 0) return log_sum_exp(log_inv_logit(logit_zero), log1m_inv_logit(logit_zero) - exp(log_rate));
    return log1m_inv_logit(logit_zero) + poisson_log_lpmf(y | log_rate);
  }
}
data { int<lower=1> N; array[N] int<lower=0> y; array[N] real x; }
parameters { real a; real b; real z; }
model {
  a ~ normal(0, 1);
  b ~ normal(0, 1);
  z ~ normal(0, 1);
  for (n in 1:N) target += inflated_lpmf(y[n] | a + b * x[n], z);
}

// Counts with an exposure, overdispersed.
data { int<lower=0> N; array[N] int<lower=0> y; vector<lower=0>[N] exposure; matrix[N, 2] X; }
transformed data { vector[N] log_exposure = log(exposure); }
parameters { real alpha; vector[2] beta; real<lower=0> phi; }
model {
  alpha ~ normal(0, 2);
  beta ~ normal(0, 1);
  phi ~ gamma(2, 0.1);
  y ~ neg_binomial_2_log(alpha + X * beta + log_exposure, phi);
}

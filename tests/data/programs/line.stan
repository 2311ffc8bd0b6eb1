// A regression line; every method of cmdstanpy's API runs on it.
data {
  int<lower=0> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real intercept;
  real slope;
  real<lower=0> sigma;
}
model {
  intercept ~ normal(0, 5);
  slope ~ normal(0, 5);
  sigma ~ normal(0, 2);
  y ~ normal(intercept + slope * x, sigma);
}
generated quantities {
  vector[N] y_rep;
  for (n in 1 : N) {
    y_rep[n] = normal_rng(intercept + slope * x[n], sigma);
  }
}

// Replace this program by your own. It fits a straight line to points with normal errors.
data {
  int<lower=0> N;
  matrix[N, 2] rows; // one row per observation: x, y
  real<lower=0> prior_sd; // of intercept and slope
}
parameters {
  real intercept;
  real slope;
  real<lower=0> sigma;
}
model {
  intercept ~ normal(0, prior_sd);
  slope ~ normal(0, prior_sd);
  sigma ~ exponential(1);
  rows[ : , 2] ~ normal(intercept + slope * rows[ : , 1], sigma);
}

// Replace this program by your own. It fits a straight line to points with normal errors.
data {
  int<lower=0> N;
  matrix[N, 2] rows; // one row per observation: x, y
  real<lower=0> likelihood_weight; // multiplies the log likelihood, never the prior
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
  // The weight is N / m for a subsample of m rows, and 1 for all rows.
  target += likelihood_weight
            * normal_lpdf(rows[ : , 2] | intercept + slope * rows[ : , 1], sigma);
}

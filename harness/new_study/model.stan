// Replace this by a program of your own: here a straight line through points, with normal errors.
data {
  int<lower=0> N;
  matrix[N, 2] rows; // a row per observation: x, y
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
  // A subsample of m rows is fitted with weight N / m, all rows with weight 1.
  target += likelihood_weight
            * normal_lpdf(rows[ : , 2] | intercept + slope * rows[ : , 1], sigma);
}

// Rows with a known covariance about an unknown mean: the posterior is Gaussian in closed form.
data {
  int<lower=0> N;
  matrix[N, 2] y;
  real<lower=0> prior_sd;
  real<lower=-1, upper=1> rho; // correlation of a row's coordinates, whose variances are 1
  real<lower=0> weight; // multiplies the log likelihood, never the prior
}
transformed data {
  matrix[2, 2] cholesky = cholesky_decompose([[1, rho], [rho, 1]]);
  array[N] vector[2] x; // the rows
  for (n in 1 : N) {
    x[n] = y[n]';
  }
}
parameters {
  vector[2] theta;
}
model {
  target += normal_lpdf(theta | 0, prior_sd);
  target += weight * multi_normal_cholesky_lpdf(x | theta, cholesky);
}

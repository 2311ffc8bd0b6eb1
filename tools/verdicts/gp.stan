// A Gaussian process at some places, non-centred, seen with noise.
data {
  int<lower=1> N;
  array[N] real x;
  vector[N] y;
}
parameters {
  real<lower=0> length;
  real<lower=0> amplitude;
  real<lower=0> sigma;
  vector[N] eta;
}
model {
  matrix[N, N] covariance = add_diag(gp_exp_quad_cov(x, amplitude, length), 1e-6);
  length ~ inv_gamma(5, 5);
  amplitude ~ normal(0, 1);
  sigma ~ normal(0, 1);
  eta ~ std_normal();
  y ~ normal(cholesky_decompose(covariance) * eta, sigma);
}

// A Gaussian process: every row depends on every other.
data { int<lower=1> N; array[N] real x; vector[N] y; }
parameters { real<lower=0> length_scale; real<lower=0> alpha; real<lower=0> sigma; }
model {
  matrix[N, N] covariance = add_diag(gp_exp_quad_cov(x, alpha, length_scale), square(sigma) + 1e-6);
  length_scale ~ inv_gamma(5, 5);
  alpha ~ std_normal();
  sigma ~ std_normal();
  y ~ multi_normal(rep_vector(0, N), covariance);
}

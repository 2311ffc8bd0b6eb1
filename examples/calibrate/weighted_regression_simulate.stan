// Draws coefficients from their prior, and observations given them.
data {
  int<lower=0> N;
  vector[N] x;
}
generated quantities {
  real alpha = normal_rng(0, 1);
  real beta = normal_rng(0, 1);
  vector[N] y = to_vector(normal_rng(alpha + x * beta, 1));
}

// Draws coefficients from their prior, and observations given them.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] x;
}
generated quantities {
  vector[K] beta;
  for (k in 1 : K) {
    beta[k] = normal_rng(0, 1);
  }
  vector[N] y = to_vector(normal_rng(x * beta, 1));
}

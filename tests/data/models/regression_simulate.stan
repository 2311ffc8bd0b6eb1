// Draws what regression.stan has: coefficients from their prior, observations given them.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] x;
}
generated quantities {
  vector[K] beta = to_vector(normal_rng(rep_vector(0, K), 2));
  vector[N] y = to_vector(normal_rng(x * beta, 1));
}

// Draws what stan/gmm.stan has: component means and shares from their prior, rows given these.
data {
  int<lower=0> N;
  real<lower=0> prior_sd;
}
generated quantities {
  array[2] vector[2] mu;
  simplex[2] pi = dirichlet_rng(rep_vector(0.1, 2));
  matrix[N, 2] y;
  for (k in 1 : 2) {
    mu[k] = to_vector(normal_rng(rep_vector(0, 2), prior_sd));
  }
  for (n in 1 : N) {
    int k = categorical_rng(pi);
    y[n] = to_row_vector(normal_rng(mu[k], 1));
  }
}

// The density of gmm_ordered.stan, its likelihood evaluated as in gmm_fused.stan:
// functions/gmm_fused.hpp is its user header.
functions {
#include functions/gmm_glm.stanfunctions
#include functions/gmm_fused.stanfunctions
}
data {
  int<lower=0> N;
  matrix[N, 2] y;
  real<lower=0> prior_sd; // of each coordinate of each component mean
  real<lower=0> likelihood_weight; // multiplies the log likelihood, never the prior
}
transformed data {
  row_vector[2] y_mean = row_mean(y);
  real y_sum_of_squares = centred_sum_of_squares(y, y_mean);
}
parameters {
  ordered[2] mu_first; // first coordinates, ascending
  vector[2] mu_second; // second coordinates, free
  simplex[2] pi;
}
transformed parameters {
  array[2] vector[2] mu;
  for (k in 1 : 2) {
    mu[k] = [mu_first[k], mu_second[k]]';
  }
}
model {
  target += normal_lpdf(mu_first | 0, prior_sd);
  target += normal_lpdf(mu_second | 0, prior_sd);
  target += dirichlet_lpdf(pi | rep_vector(0.1, 2));
  target += log(2); // the ordering keeps one of two equal halves
  target += likelihood_weight
            * gmm_fused_log_lik(y, y_mean, y_sum_of_squares, mu, pi);
}

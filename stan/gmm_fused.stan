// The density of gmm.stan, evaluated through log_sum_exp(a, b) = a + log1p_exp(b - a)
// in one pass over the rows, in C++: functions/gmm_fused.hpp is its user header.
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
  array[2] vector[2] mu;
  simplex[2] pi;
}
model {
  for (k in 1 : 2) {
    target += normal_lpdf(mu[k] | 0, prior_sd);
  }
  target += dirichlet_lpdf(pi | rep_vector(0.1, 2));
  target += likelihood_weight
            * gmm_fused_log_lik(y, y_mean, y_sum_of_squares, mu, pi);
}

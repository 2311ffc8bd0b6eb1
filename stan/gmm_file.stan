// The density of gmm.stan for rows that are too many for CmdStan's JSON: they are read from a
// NumPy file where they lie.  functions/gmm_file.hpp is its user header.
functions {
#include functions/gmm_file.stanfunctions
}
data {
  int<lower=1> N;
  array[1024] int<lower=0> rows_file; // which file: see functions/gmm_file.hpp
  real<lower=0> prior_sd; // of each coordinate of each component mean
  real<lower=0> likelihood_weight; // multiplies the log likelihood, never the prior
}
transformed data {
  int file = open_rows_file(rows_file, N);
  vector[3] summary = rows_file_summary(file);
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
  target += likelihood_weight * gmm_file_log_lik(file, N, summary, mu, pi);
}

// The density of gmm_file.stan, its log likelihood estimated from a fresh batch of rows at every
// evaluation; exact for batch_size = 0.  functions/gmm_minibatch.hpp is its user header.
functions {
#include functions/gmm_file.stanfunctions
#include functions/gmm_minibatch.stanfunctions
}
data {
  int<lower=1> N;
  array[1024] int<lower=0> rows_file; // which file: see functions/gmm_file.hpp
  real<lower=0> prior_sd; // of each coordinate of each component mean
  real<lower=0> likelihood_weight; // multiplies the log likelihood, never the prior
  int<lower=0, upper=N> batch_size; // rows of a batch; 0: all rows at every evaluation
  int<lower=1> run_length; // neighbouring rows that are drawn together
  int<lower=0> batch_seed;
  int<lower=0, upper=1> without_replacement; // until all rows have been seen
  int<lower=0> anchor_after; // evaluations before the control variate; 0: never
}
transformed data {
  int file = open_rows_file(rows_file, N);
  vector[3] summary = rows_file_summary(file);
  int batches = 0;
  if (batch_size > 0) {
    batches = open_batches(file, batch_size, run_length, batch_seed, without_replacement,
                           anchor_after);
  }
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
            * (batch_size > 0
               ? gmm_minibatch_log_lik(batches, N, summary, mu, pi)
               : gmm_file_log_lik(file, N, summary, mu, pi));
}

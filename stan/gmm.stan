// Two-component bivariate normal mixture with unit covariances, labels marginalised.
// Exchangeable: swapping the components leaves the posterior unchanged.
data {
  int<lower=0> N;
  matrix[N, 2] y;
  real<lower=0> prior_sd; // of each coordinate of each component mean
  real<lower=0> likelihood_weight; // multiplies the log likelihood, never the prior
}
parameters {
  array[2] vector[2] mu;
  simplex[2] pi;
}
model {
  vector[2] log_pi = log(pi);
  vector[N] log_lik;
  for (n in 1 : N) {
    log_lik[n] = log_sum_exp(log_pi[1] + normal_lpdf(y[n] | mu[1], 1),
                             log_pi[2] + normal_lpdf(y[n] | mu[2], 1));
  }
  for (k in 1 : 2) {
    target += normal_lpdf(mu[k] | 0, prior_sd);
  }
  target += dirichlet_lpdf(pi | rep_vector(0.1, 2));
  target += likelihood_weight * sum(log_lik);
}

// Mixture of K bivariate normals whose means, covariances and shares are all estimated. Rows are
// standardised, so that one prior serves data in any units. Components are ordered by the first
// coordinates of their means.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, 2] y;
}
transformed data {
  array[N] vector[2] z;
  for (j in 1 : 2) {
    real centre = mean(y[ : , j]);
    real scale = sd(y[ : , j]);
    for (n in 1 : N) {
      z[n, j] = (y[n, j] - centre) / scale;
    }
  }
}
parameters {
  ordered[K] mu_first; // standardised
  vector[K] mu_second;
  array[K] vector<lower=0>[2] sigma; // standardised
  array[K] cholesky_factor_corr[2] L;
  simplex[K] pi;
}
transformed parameters {
  array[K] vector[2] mu;
  vector[K] rho;
  for (k in 1 : K) {
    mu[k] = [mu_first[k], mu_second[k]]';
    rho[k] = L[k][2, 1];
  }
}
model {
  mu_first ~ normal(0, 1.5);
  mu_second ~ normal(0, 1.5);
  pi ~ dirichlet(rep_vector(3, K));
  for (k in 1 : K) {
    sigma[k] ~ lognormal(-0.7, 0.7);
    L[k] ~ lkj_corr_cholesky(2);
  }
  {
    array[K] matrix[2, 2] scale;
    vector[K] log_pi = log(pi);
    for (k in 1 : K) {
      scale[k] = diag_pre_multiply(sigma[k], L[k]);
    }
    for (n in 1 : N) {
      vector[K] terms;
      for (k in 1 : K) {
        terms[k] = log_pi[k] + multi_normal_cholesky_lpdf(z[n] | mu[k], scale[k]);
      }
      target += log_sum_exp(terms);
    }
  }
}

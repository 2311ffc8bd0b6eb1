// Mixture of K bivariate normals whose means, covariances and shares are all estimated. Rows are
// standardised, so that one prior serves data in any units. Components are ordered by the first
// coordinates of their means.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, 2] y;
}
transformed data {
  // The log density of a component is a quadratic function of a row: a line of these by coefficients.
  matrix[N, 6] features;
  {
    vector[N] z1 = (y[ : , 1] - mean(y[ : , 1])) / sd(y[ : , 1]);
    vector[N] z2 = (y[ : , 2] - mean(y[ : , 2])) / sd(y[ : , 2]);
    features[ : , 1] = rep_vector(1, N);
    features[ : , 2] = z1;
    features[ : , 3] = z2;
    features[ : , 4] = z1 .* z1;
    features[ : , 5] = z1 .* z2;
    features[ : , 6] = z2 .* z2;
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
    matrix[6, K] coefficients;
    matrix[N, K] terms;
    for (k in 1 : K) {
      // the precision matrix
      real p11 = inv((1 - square(rho[k])) * square(sigma[k][1]));
      real p22 = inv((1 - square(rho[k])) * square(sigma[k][2]));
      real p12 = -rho[k] * inv((1 - square(rho[k])) * prod(sigma[k]));
      vector[2] m = [p11 * mu[k][1] + p12 * mu[k][2], p12 * mu[k][1] + p22 * mu[k][2]]';
      real log_scale = sum(log(sigma[k])) + log1m(square(rho[k])) / 2;
      coefficients[1, k] = log(pi[k]) - log(2 * 3.141592653589793) - log_scale - dot_product(m, mu[k]) / 2;
      coefficients[2 : 6, k] = [m[1], m[2], -p11 / 2, -p12, -p22 / 2]';
    }
    terms = features * coefficients;
    for (n in 1 : N) {
      target += log_sum_exp(terms[n]);
    }
  }
}

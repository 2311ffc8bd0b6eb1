// Regressions by the data: normal with noise of sd 1, logistic or Poisson.
data {
  int<lower=1> N;
  int<lower=1> K;
  int<lower=1, upper=3> family; // 1 normal, 2 logistic, 3 Poisson
  matrix[N, K] X;
  vector[N] y;
  array[N] int<lower=0> n;
  real<lower=0> prior_sd;
}
parameters {
  vector[K] beta;
}
model {
  beta ~ normal(0, prior_sd);
  if (family == 1) {
    y ~ normal_id_glm(X, 0, beta, 1);
  } else if (family == 2) {
    n ~ bernoulli_logit(X * beta);
  } else {
    n ~ poisson_log_glm(X, 0, beta);
  }
}

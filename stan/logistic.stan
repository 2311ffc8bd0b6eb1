// Logistic regression on K predictors, without an intercept.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] x;
  array[N] int<lower=0, upper=1> y;
}
parameters {
  vector[K] beta;
}
model {
  beta ~ normal(0, 1);
  target += bernoulli_logit_glm_lupmf(y | x, 0, beta);
}

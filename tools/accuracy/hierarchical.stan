// Regression with an intercept for each group, centred.
data {
  int<lower=0> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> group;
  vector[N] x;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[J] alpha;
  real beta;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, 5);
  tau ~ normal(0, 1);
  beta ~ normal(0, 5);
  sigma ~ normal(0, 2);
  alpha ~ normal(mu, tau);
  y ~ normal(alpha[group] + beta * x, sigma);
}

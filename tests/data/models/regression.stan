// Normal linear regression with known noise: a Gaussian posterior in closed form.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] x;
  vector[N] y;
  real<lower=0> weight;
}
parameters {
  vector[K] beta;
}
model {
  beta ~ normal(0, 2);
  target += weight * normal_lpdf(y | x * beta, 1);
}

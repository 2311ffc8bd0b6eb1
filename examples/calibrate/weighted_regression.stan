// Linear regression with known noise and a weight of its likelihood, for subsamples of its rows.
data {
  int<lower=0> N;
  vector[N] x;
  vector[N] y;
  real<lower=0> weight;
}
parameters {
  real alpha;
  real beta;
}
model {
  alpha ~ normal(0, 1);
  beta ~ normal(0, 1);
  target += weight * normal_lpdf(y | alpha + x * beta, 1);
}

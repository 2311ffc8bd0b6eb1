// Breaks its contract: the weight multiplies the prior too.
data {
  int<lower=0> N;
  vector[N] y;
  real<lower=0> weight;
}
parameters {
  real mu;
}
model {
  target += weight * (normal_lpdf(mu | 0, 1) + normal_lpdf(y | mu, 1));
}

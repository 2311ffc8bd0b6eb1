// Linear regression on correlated columns, known noise: a Gaussian posterior, correlated as well.
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] x;
  vector[N] y;
}
parameters {
  vector[K] beta;
}
model {
  beta ~ normal(0, 1);
  y ~ normal(x * beta, 1);
}
generated quantities {
  vector[N] y_rep = to_vector(normal_rng(x * beta, 1)); // for harness calibrate --posterior
}

data {
  int<lower=0> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  profile("prior") {
    mu ~ normal(0, 10);
  }
  profile("likelihood") {
    y ~ normal(mu, 1);
  }
}

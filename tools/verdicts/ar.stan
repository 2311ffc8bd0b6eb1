// An autoregression of order one.
data {
  int<lower=2> N;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=-1, upper=1> phi;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, 2);
  sigma ~ normal(0, 2);
  y[2 : N] ~ normal(mu + phi * (y[1 : N - 1] - mu), sigma);
}

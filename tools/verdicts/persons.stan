// Counts of persons, each with an effect of its own beside the common rate.
data {
  int<lower=1> P;
  int<lower=1> N;
  array[N] int<lower=1, upper=P> person;
  array[N] int<lower=0> n;
}
parameters {
  real alpha;
  real<lower=0> sigma;
  vector[P] u;
}
model {
  alpha ~ normal(0, 2);
  sigma ~ normal(0, 1);
  u ~ normal(0, sigma);
  n ~ poisson_log(alpha + u[person]);
}

// Grades of three steps by one predictor.
data {
  int<lower=1> N;
  vector[N] x;
  array[N] int<lower=1, upper=3> y;
}
parameters {
  real beta;
  ordered[2] cut;
}
model {
  beta ~ normal(0, 2);
  cut ~ normal(0, 3);
  y ~ ordered_logistic(x * beta, cut);
}

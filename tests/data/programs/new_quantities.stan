// The model of line.stan with another quantity, for generate_quantities.
data {
  int<lower=0> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real intercept;
  real slope;
  real<lower=0> sigma;
}
generated quantities {
  real at_ten = intercept + 10 * slope;
}

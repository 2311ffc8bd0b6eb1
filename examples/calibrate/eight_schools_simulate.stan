// Draws what examples/eight_schools.stan has: parameters from their prior, effects given these.
data {
  int<lower=1> J;
  vector<lower=0>[J] sigma;
}
generated quantities {
  real mu = normal_rng(0, 5);
  real<lower=0> tau = abs(cauchy_rng(0, 5));
  vector[J] z = to_vector(normal_rng(rep_vector(0, J), 1));
  vector[J] y = to_vector(normal_rng(mu + tau * z, sigma));
}

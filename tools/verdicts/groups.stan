// Group means with a common distribution, centred or not.
data {
  int<lower=1> J;
  int<lower=0, upper=1> centred;
  vector[J] y;
  vector<lower=0>[J] sigma;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[J] z;
}
model {
  mu ~ normal(0, 5);
  tau ~ normal(0, 5);
  if (centred) {
    z ~ normal(mu, tau);
    y ~ normal(z, sigma);
  } else {
    z ~ std_normal();
    y ~ normal(mu + tau * z, sigma);
  }
}

// Effects of coaching on test scores in eight schools (Rubin 1981), non-centred.
data {
  int<lower=0> J;
  vector[J] y;              // estimated effect in each school
  vector<lower=0>[J] sigma; // its standard error
}
parameters {
  real mu;                  // mean effect over schools
  real<lower=0> tau;        // sd of effects between schools
  vector[J] z;
}
transformed parameters {
  vector[J] theta = mu + tau * z; // effect in each school
}
model {
  mu ~ normal(0, 5);
  tau ~ cauchy(0, 5);
  z ~ std_normal();
  y ~ normal(theta, sigma);
}

// Prints, rejects, draws its own data, has every constraint, and calls C++ that may end the process.
functions {
  real trouble(real x);
}
data {
  int<lower=0> N;
  vector[N] y;
}
transformed data {
  real drawn = normal_rng(0, 1);
  print("N is ", N);
}
parameters {
  real mu;
  real<lower=0> sigma;
  simplex[3] share;
  cholesky_factor_corr[2] L;
  ordered[2] cut;
}
transformed parameters {
  real precision = 1 / square(sigma);
}
model {
  if (mu > 5) print("mu is ", mu);
  if (mu > 8) reject("mu must not be above 8");
  target += trouble(mu);
  mu ~ normal(drawn, 1);
  sigma ~ exponential(1);
  share ~ dirichlet([2, 2, 2]');
  L ~ lkj_corr_cholesky(2);
  cut ~ normal(0, 2);
  y ~ normal(mu, sigma);
}
generated quantities {
  real again = normal_rng(mu, sigma);
}

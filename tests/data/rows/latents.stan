// A parameter for each row.
data { int<lower=0> N; vector[N] y; vector<lower=0>[N] se; }
parameters { real mu; real<lower=0> tau; vector[N] theta; }
model { mu ~ normal(0, 5); tau ~ normal(0, 5); theta ~ normal(mu, tau); y ~ normal(theta, se); }

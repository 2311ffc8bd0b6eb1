// Rows in pairs.
data { int<lower=1> N; vector[2 * N] y; }
parameters { real mu; }
model { y ~ normal(mu, 1); }

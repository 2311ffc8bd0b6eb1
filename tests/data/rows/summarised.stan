// Only statistics of the rows enter the density: the rows themselves do nothing.
data { int<lower=1> N; vector[N] y; }
transformed data { real total = sum(y); real squares = dot_self(y); int n = N; }
parameters { real mu; }
model { mu ~ normal(0, 10); target += mu * total - 0.5 * n * square(mu) - 0.5 * squares; }

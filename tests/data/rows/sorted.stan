// The largest row counts once.
data { int<lower=1> N; vector[N] y; }
parameters { real mu; }
model { mu ~ normal(0, 1); y ~ normal(mu, 1); if (N > 0) max(y) ~ normal(mu + 1, 1); }

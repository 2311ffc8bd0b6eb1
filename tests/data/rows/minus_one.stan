// One size is N - 1.
data { int<lower=1> N; vector[N] y; vector[N - 1] gap; }
parameters { real mu; }
model { y ~ normal(mu, 1); gap ~ normal(mu, 2); }

// Predictors are centred in the model block, by the rows that are there.
data { int<lower=1> N; vector[N] x; vector[N] y; }
parameters { real a; real b; }
model {
  a ~ normal(0, 1);
  b ~ normal(0, 1);
  y ~ normal(a + b * (x - sum(x) / (N + 1)), 1);
}

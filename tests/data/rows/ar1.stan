// A row depends on the one before.
data { int<lower=1> N; vector[N] y; }
parameters { real a; real<lower=-1, upper=1> rho; real<lower=0> sigma; }
model {
  a ~ normal(0, 1);
  sigma ~ exponential(1);
  for (n in 2:N) y[n] ~ normal(a + rho * y[n - 1], sigma);
}

data { int<lower=0> N; int<lower=1> J; array[N] int<lower=1, upper=J> group; vector[N] x; array[N] int<lower=0> y; }
parameters { real a; real b; vector[J] z; real<lower=0> tau; }
model {
  a ~ normal(0, 2); b ~ normal(0, 2); z ~ std_normal(); tau ~ exponential(1);
  y ~ poisson_log(a + b * x + tau * z[group]);
}

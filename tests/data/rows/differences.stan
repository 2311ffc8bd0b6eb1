// A parameter for each gap between rows.
data { int<lower=1> N; vector[N] y; }
parameters { vector[N - 1] step; real start; real<lower=0> sigma; }
model {
  sigma ~ exponential(1);
  step ~ normal(0, sigma);
  y ~ normal(append_row(start, start + cumulative_sum(step)), 1);
}

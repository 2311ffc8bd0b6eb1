// A row is a measurement of a solution that the solver wants in order, and at one time at least.
functions { vector decay(real t, vector state, real rate) { return -rate * state; } }
data { int<lower=1> N; array[N] real<lower=0> time; vector[N] y; }
parameters { real<lower=0> rate; real<lower=0> start; real<lower=0> sigma; }
model {
  array[N] vector[1] state = ode_rk45(decay, [start]', 0, time, rate);
  rate ~ exponential(1);
  start ~ exponential(1);
  sigma ~ exponential(1);
  for (n in 1:N) y[n] ~ normal(state[n, 1], sigma);
}

// Logistic growth by its differential equation, seen with a relative error.
functions {
  vector growth(real t, vector state, real rate, real capacity) {
    return rate * state * (1 - state[1] / capacity);
  }
}
data {
  int<lower=1> N;
  array[N] real<lower=0> t;
  vector<lower=0>[N] y;
}
parameters {
  real<lower=0> rate;
  real<lower=0> capacity;
  real<lower=0> sigma;
}
model {
  array[N] vector[1] state = ode_rk45(growth, [0.5]', 0, t, rate, capacity);
  rate ~ lognormal(0, 0.5);
  capacity ~ lognormal(2, 1);
  sigma ~ normal(0, 0.5);
  for (n in 1 : N) {
    y[n] ~ lognormal(log(state[n, 1]), sigma);
  }
}

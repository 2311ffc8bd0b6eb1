// Exponential decay, solved by the stiff (BDF) and the non-stiff (RK45) solver, which must agree.
functions {
  vector decay(real t, vector state, real rate) {
    return -rate * state;
  }
}
data {
  int<lower=1> T;
  array[T] real<lower=0> times;
  array[T] real y;
}
parameters {
  real<lower=0> rate;
}
transformed parameters {
  array[T] vector[1] stiff = ode_bdf(decay, [1]', 0, times, rate);
}
model {
  rate ~ lognormal(0, 1);
  y ~ normal(stiff[ : , 1], 0.05);
}
generated quantities {
  array[T] vector[1] other = ode_rk45(decay, [1]', 0, times, rate);
  real difference = abs(stiff[T, 1] - other[T, 1]);
  real exact = exp(-rate * times[T]);
}

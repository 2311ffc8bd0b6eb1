// Weibull times, of which some are censored.
data { int<lower=0> N; vector<lower=0>[N] time; array[N] int<lower=0, upper=1> is_seen; row_vector[N] x; }
parameters { real<lower=0> shape; real a; real b; }
model {
  shape ~ lognormal(0, 1);
  a ~ normal(0, 1);
  b ~ normal(0, 1);
  for (n in 1:N) {
    real scale = exp(a + b * x[n]);
    if (is_seen[n] == 1) target += weibull_lpdf(time[n] | shape, scale);
    else target += weibull_lccdf(time[n] | shape, scale);
  }
}

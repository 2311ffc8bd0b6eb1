// Transformed data are drawn at random, along the rows; C++ reserves some of the names.
data { int N; vector[N] class; int int_max; array[N] complex new; }
transformed data {
  vector[N] noisy = class;
  for (n in 1:N) noisy[n] += normal_rng(0, 0.1);
}
parameters { real mu; real<lower=0> sigma; }
model {
  mu ~ normal(0, int_max);
  sigma ~ exponential(1);
  noisy ~ normal(mu, sigma);
  for (n in 1:N) target += -abs(new[n] - to_complex(mu, sigma));
}

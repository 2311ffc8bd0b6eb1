// A hidden Markov chain of two states.
data { int<lower=0> N; vector[N] y; }
parameters { real<lower=0, upper=1> stay; ordered[2] mu; }
model {
  vector[2] ahead = rep_vector(-log(2), 2);
  mu ~ normal(0, 3);
  for (n in 1:N) {
    vector[2] now;
    for (k in 1:2)
      now[k] = log_mix(stay, ahead[k], ahead[3 - k]) + normal_lpdf(y[n] | mu[k], 1);
    ahead = now;
  }
  target += log_sum_exp(ahead);
}

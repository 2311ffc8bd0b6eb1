// A partial likelihood: rows are ordered by time, and each is compared with all later ones.
data { int<lower=0> N; vector[N] x; array[N] int<lower=0, upper=1> is_seen; }
parameters { real beta; }
model {
  real at_risk = negative_infinity();
  beta ~ normal(0, 1);
  for (i in 1:N) {
    int n = N + 1 - i;
    at_risk = log_sum_exp(at_risk, beta * x[n]);
    if (is_seen[n] == 1) target += beta * x[n] - at_risk;
  }
}

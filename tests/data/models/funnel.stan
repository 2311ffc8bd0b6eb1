// Neal's funnel: v ~ normal(0, 3), each x ~ normal(0, exp(v / 2)).
data {
  int<lower=1> K;
}
parameters {
  real v;
  vector[K] x;
}
model {
  v ~ normal(0, 3);
  x ~ normal(0, exp(v / 2));
}

// Small posteriors of many kinds, one of which the data choose.
data {
  int<lower=1, upper=8> kind;
  int<lower=0> K; // parameters without bounds
  int<lower=0> P; // positive ones
}
parameters {
  vector[K] x;
  vector<lower=0>[P] s;
}
model {
  if (kind == 1) {
    x ~ normal(1, 2);
  } else if (kind == 2) {
    s ~ normal(0, 1);
  } else if (kind == 3) {
    x ~ student_t(4, 0, 1);
  } else if (kind == 4) {
    target += 0; // flat: it has no integral
  } else if (kind == 5) {
    x[1] ~ normal(0, 3); // Neal's funnel
    x[2 : K] ~ normal(0, exp(x[1] / 2));
  } else if (kind == 6) {
    x[1] ~ normal(0, 1); // a chain in which neighbours are alike
    x[2 : K] ~ normal(0.9 * x[1 : (K - 1)], 0.4);
  } else if (kind == 7) {
    target += -log1p_exp(-x); // two groups that a line divides, without a prior: it has no integral
  } else {
    s ~ exponential(1);
    x ~ normal(0, s[1]);
  }
}

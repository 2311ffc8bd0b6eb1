// Behaves as its data say: a normal mean that throws, hangs, overflows the stack or has no density.
functions {
  real sink(real x) {
    return 1 + sink(x + 1); // without an end
  }
}
data {
  int<lower=0> N;
  vector<lower=0>[N] y;
  real<lower=0> weight;
  int behaviour;
}
transformed data {
  if (behaviour == 1) {
    reject("the data are not to its taste");
  }
}
parameters {
  real mu;
}
model {
  if (behaviour == 2) {
    int n = 0;
    while (n < 2) {
      n = 1 - n; // without an end
    }
    target += n;
  }
  if (behaviour == 3) {
    target += sink(mu);
  }
  if (behaviour == 4) {
    target += negative_infinity();
  }
  mu ~ normal(0, 1);
  target += weight * normal_lpdf(y | mu, 1);
  if (behaviour == 5) {
    target += weight * mu; // breaks its contract: not rows, yet weighted
  }
}

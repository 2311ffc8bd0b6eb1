// Returns whose variance follows the squares of those before.
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real<lower=0> base;
  real<lower=0, upper=1> shock;
  real<lower=0, upper=1 - shock> memory;
}
model {
  real variance = 1;
  base ~ normal(0, 1);
  for (n in 1 : N) {
    if (n > 1) {
      variance = base + shock * square(y[n - 1]) + memory * variance;
    }
    y[n] ~ normal(0, sqrt(variance));
  }
}

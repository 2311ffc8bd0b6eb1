// What couples the rows shows only in some places, or not beside large numbers: `which` says what.
data {
  int<lower=0, upper=4> which;
  real cut;
  int N;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> sigma;
  real beta;
}
model {
  if (which == 1 && N <= 10) {
    y ~ student_t(4, mu, sigma);
  } else {
    y ~ normal(mu, sigma);
  }
  beta ~ normal(0, 1);
  if (which == 2) {
    beta ~ normal(1, 10 / sqrt(N + 1));
  }
  if (which == 3 && mu > cut) {
    target += -1e-5 * square(sum(y - mu - beta));
  }
  if (which == 4) {
    target += -N * square(N) * log1p_exp(mu - 60);
  }
}

// The prior contains the number of rows.
data { int<lower=1> N; matrix[N, 2] X; vector[N] y; }
parameters { vector[2] beta; real<lower=0> sigma; }
model {
  beta ~ normal(0, 10.0 / sqrt(N + 1));
  sigma ~ exponential(1);
  y ~ normal(X * beta, sigma);
}

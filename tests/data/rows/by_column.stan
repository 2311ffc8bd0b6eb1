// A row is a column of one matrix and a row of another.
data { int N; int K; matrix[K, N] X; matrix[N, 2] Z; row_vector[N] y; }
parameters { vector[K] beta; vector[2] gamma; real<lower=0> sigma; }
model {
  beta ~ normal(0, 1);
  gamma ~ normal(0, 1);
  sigma ~ exponential(1);
  y ~ normal(beta' * X + (Z * gamma)', sigma);
}

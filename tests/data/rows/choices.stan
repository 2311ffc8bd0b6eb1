// A choice among alternatives that differ from row to row.
data { int N; int C; int K; array[N] matrix[C, K] X; array[N] int<lower=1, upper=C> choice; array[N, C] int<lower=0> counts; }
parameters { vector[K] beta; simplex[C] p; }
model {
  beta ~ normal(0, 1);
  for (n in 1:N) {
    choice[n] ~ categorical_logit(X[n] * beta);
    counts[n] ~ multinomial(p);
  }
}

// Several answers of each row, predictors in a stack of matrices.
data { int N; int T; array[N, T] int<lower=0, upper=1> answer; array[2] matrix[N, T] X; array[N] row_vector[2] w; }
parameters { vector[T] easy; vector[2] slope; row_vector[2] u; }
model {
  easy ~ normal(0, 2);
  slope ~ normal(0, 1);
  u ~ normal(0, 1);
  for (t in 1:T) answer[, t] ~ bernoulli_logit(easy[t] + X[1][, t] * slope[1] + X[2][, t] * slope[2]);
  for (n in 1:N) target += -0.5 * square(dot_product(w[n], u));
}

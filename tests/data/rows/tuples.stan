// Rows in tuples: an array of them, and one of arrays.
data {
  int<lower=1> N;
  int<lower=1> T;
  array[N] tuple(int, real) item;
  tuple(vector[N], array[T, N] real, real) more;
}
parameters { real a; real b; vector[T] c; }
model {
  a ~ normal(0, 1);
  b ~ normal(0, more.3);
  c ~ normal(0, 1);
  for (n in 1:N) {
    item[n].1 ~ poisson_log(a + b * item[n].2);
    more.1[n] ~ normal(a, 1);
    for (t in 1:T) more.2[t, n] ~ normal(c[t], 2);
  }
}

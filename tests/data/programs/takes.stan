// Data of every type, of which some may be empty.
functions {
  #include "functions/doubled.stanfunctions"
}
data {
  real x;
  int i;
  int<lower=0> N;
  array[N] int a;
  vector[N + 1] w;
  matrix[2, N] e;
  array[1] real o;
  complex z;
  tuple(int, array[2] real) t;
  array[2] tuple(real, array[N] int) at;
  array[2 * N] tuple(real, array[2] int) an;
  array[1] int k;
  array[k[1]] int q;
  complex_vector[N] c;
  vector[min({N, 1})] u;
  real<lower=0, upper=x> b;
}
transformed data {
  real twice = doubled(x);
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 1);
}

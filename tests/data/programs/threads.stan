// The same sum over slices, in threads, and in one piece.
functions {
  real slice_lpdf(array[] real y, int start, int end, real mu) {
    return normal_lpdf(y | mu, 1);
  }
}
data {
  int<lower=0> N;
  array[N] real y;
}
parameters {
  real mu;
}
model {
  target += reduce_sum(slice_lpdf, y, 1, mu);
}
generated quantities {
  real whole = normal_lpdf(y | mu, 1);
}

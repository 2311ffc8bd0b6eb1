// Densities of known moments, chosen by the data: a mixture of normal or Student-t distributions, a banana or a funnel.
data {
  int<lower=1> D;
  int<lower=1> K;
  int<lower=1, upper=4> shape; // 1 normal, 2 Student-t, 3 banana, 4 funnel
  real<lower=0> df;
  real bend;
  vector[K] log_share;
  array[K] vector[D] centre;
  array[K] matrix[D, D] factor; // lower Cholesky factors of the inverse covariances, transposed
}
parameters {
  vector[D] x;
}
model {
  if (shape <= 2) {
    vector[K] terms;
    for (k in 1 : K) {
      real squares = dot_self(factor[k] * (x - centre[k]));
      terms[k] = log_share[k] + sum(log(diagonal(factor[k])))
                 - (shape == 1 ? squares / 2 : (df + D) / 2 * log1p(squares / df));
    }
    target += log_sum_exp(terms);
  } else if (shape == 3) {
    x[1] ~ std_normal();
    x[2 : D] ~ normal(bend * square(x[1]), 0.5);
  } else {
    x[1] ~ normal(0, 3);
    x[2 : D] ~ normal(0, exp(x[1] / 2));
  }
}

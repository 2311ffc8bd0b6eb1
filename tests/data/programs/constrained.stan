// Parameters of every constraint whose elements are more than its degrees of freedom, and functions
// of a parameter with long tails.
parameters {
  real mu;
  real<lower=0> sigma;
  simplex[3] shares;
  corr_matrix[3] correlation;
  cholesky_factor_corr[2] factor;
}
transformed parameters {
  vector[10] curve;
  for (i in 1 : 10) {
    curve[i] = exp(0.1 * i * mu);
  }
}
model {
  mu ~ std_normal();
  sigma ~ lognormal(0, 1);
}

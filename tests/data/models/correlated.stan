// Rows of a multivariate normal: correlation by its Cholesky factor, scales, means.
data {
  int<lower=0> N;
  int<lower=2> D;
  array[N] vector[D] y;
}
parameters {
  vector[D] mu;
  vector<lower=0>[D] sigma;
  cholesky_factor_corr[D] L;
}
transformed parameters {
  corr_matrix[D] Omega = multiply_lower_tri_self_transpose(L);
}
model {
  mu ~ normal(0, 5);
  sigma ~ exponential(1);
  L ~ lkj_corr_cholesky(2);
  y ~ multi_normal_cholesky(mu, diag_pre_multiply(sigma, L));
}
generated quantities {
  real spread = sum(sigma);
}

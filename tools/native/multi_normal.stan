data { int<lower=0> N; int<lower=1> K; array[N] vector[K] y; }
parameters { vector[K] mu; cholesky_factor_corr[K] L; vector<lower=0>[K] s; }
model {
  mu ~ normal(0, 2); s ~ exponential(1); L ~ lkj_corr_cholesky(2);
  y ~ multi_normal_cholesky(mu, diag_pre_multiply(s, L));
}

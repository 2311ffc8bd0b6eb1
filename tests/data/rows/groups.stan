// Varying intercepts and slopes, non-centred, of groups that rows belong to.
data {
  int<lower=0> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> group;
  vector[N] x;
  vector[N] y;
}
parameters { vector[2] mean_; vector<lower=0>[2] tau; cholesky_factor_corr[2] L; matrix[2, J] z; real<lower=0> sigma; }
transformed parameters { matrix[2, J] effect = rep_matrix(mean_, J) + diag_pre_multiply(tau, L) * z; }
model {
  mean_ ~ normal(0, 2);
  tau ~ exponential(1);
  L ~ lkj_corr_cholesky(2);
  to_vector(z) ~ std_normal();
  sigma ~ exponential(1);
  for (n in 1:N) y[n] ~ normal(effect[1, group[n]] + effect[2, group[n]] * x[n], sigma);
}

// The rows' covariance is data, in two dimensions along the rows.
data { int<lower=1> N; matrix[N, N] kernel; vector[N] y; }
parameters { real mu; real<lower=0> sigma; }
model {
  mu ~ normal(0, 2);
  sigma ~ exponential(1);
  y ~ multi_normal(rep_vector(mu, N), add_diag(kernel, square(sigma)));
}

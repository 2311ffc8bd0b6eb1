// A mixture of two bivariate normals, marginalised.
data { int<lower=0> N; int<lower=1> D; array[N] vector[D] y; }
parameters { array[2] vector[D] mu; real<lower=0, upper=1> share; }
model {
  for (k in 1:2) mu[k] ~ normal(0, 3);
  for (n in 1:N)
    target += log_mix(share, multi_normal_lpdf(y[n] | mu[1], identity_matrix(D)),
                      multi_normal_lpdf(y[n] | mu[2], identity_matrix(D)));
}

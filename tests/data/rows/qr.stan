// Linear regression on the QR decomposition of all rows.
data { int<lower=1> N; int<lower=1> K; matrix[N, K] X; vector[N] y; }
transformed data {
  matrix[N, K] Q_ast = qr_thin_Q(X) * sqrt(N - 1.0);
  matrix[K, K] R_ast = qr_thin_R(X) / sqrt(N - 1.0);
  matrix[K, K] R_ast_inverse = inverse(R_ast);
}
parameters { real alpha; vector[K] theta; real<lower=0> sigma; }
model {
  y ~ normal(Q_ast * theta + alpha, sigma);
  R_ast_inverse * theta ~ normal(0, 1);
  sigma ~ exponential(1);
}

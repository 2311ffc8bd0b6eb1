// Linear regression as brms writes it: predictors are centred by the means of all rows.
data { int<lower=1> N; vector[N] Y; int<lower=1> K; matrix[N, K] X; int<lower=1> Kc; }
transformed data {
  matrix[N, Kc] Xc;
  vector[Kc] means_X;
  for (i in 2:K) {
    means_X[i - 1] = mean(X[, i]);
    Xc[, i - 1] = X[, i] - means_X[i - 1];
  }
}
parameters { vector[Kc] b; real Intercept; real<lower=0> sigma; }
model {
  target += normal_id_glm_lpdf(Y | Xc, Intercept, b, sigma);
  target += student_t_lpdf(Intercept | 3, 0, 2.5);
  target += student_t_lpdf(sigma | 3, 0, 2.5) - student_t_lccdf(0 | 3, 0, 2.5);
}
generated quantities { real b_Intercept = Intercept - dot_product(means_X, b); }

// log1p_exp_sum with parameters and data in turns, each time less what it should be: what is
// left of the density is that of independent standard normals.
functions {
  real log1p_exp_sum(data matrix x, real alpha, vector beta);

  real gap(data matrix x, real alpha, vector beta) {
    return log1p_exp_sum(x, alpha, beta) - sum(log1p_exp(alpha + x * beta));
  }
}
data {
  int N;
  matrix[N, 3] x;
  real w;
}
transformed data {
  real alpha_data = 0.25;
  vector[3] beta_data = [1, -2, 0.5]';
  real gap_of_data = gap(x, alpha_data, beta_data);
  if (abs(gap_of_data) > 1e-10) {
    fatal_error("log1p_exp_sum of data is off by ", gap_of_data);
  }
}
parameters {
  real alpha;
  vector[3] beta;
}
model {
  target += w * gap(x, alpha, beta);
  target += w * gap(x, alpha, beta_data);
  target += w * gap(x, alpha_data, beta);
  // expressions, and a part of the matrix
  target += w * gap(x[1 : N %/% 2, 2 : 3], 2 * alpha, -beta[2 : 3]);
  alpha ~ std_normal();
  beta ~ std_normal();
}
generated quantities {
  real gap_of_draw = gap(x, alpha, beta);
}

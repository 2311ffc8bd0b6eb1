// Weights of rows, a robust likelihood, a spline basis of few columns, and a transformed parameter for each row.
data { int<lower=0> N; int<lower=1> B; matrix[N, B] basis; vector[N] y; vector<lower=0>[N] weight; }
parameters { vector[B] z; real<lower=0> tau; real<lower=0> sigma; real<lower=1> nu; }
transformed parameters {
  vector[B] coefficient = cumulative_sum(z) * tau;
  vector[N] location = basis * coefficient;
}
model {
  z ~ std_normal();
  tau ~ exponential(1);
  sigma ~ exponential(1);
  nu ~ gamma(2, 0.1);
  for (n in 1:N) target += weight[n] * student_t_lpdf(y[n] | nu, location[n], sigma);
}

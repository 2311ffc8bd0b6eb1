// AR(1) with known noise: given y[1], a Gaussian posterior for rho in closed form.
data {
  int<lower=2> T;
  vector[T] y;
}
parameters {
  real rho;
}
model {
  rho ~ std_normal();
  y[2 : T] ~ normal(rho * y[1 : (T - 1)], 1);
}

// Names, types and blocks that are legal and rare. On the unconstrained scale all parameters are
// independent standard normals.
data {
  int<lower=0> n_none;
}
parameters {
  real mu;
  vector[2] chain;
  real draw;
  real chain_dim_0;
  real log_p;
  vector[n_none] none;
  tuple(real, vector<lower=0>[2]) t;
  array[2] tuple(real, complex) w;
  complex z;
  unit_vector[2] direction;
}
transformed parameters {
  vector[2] half;
  half[1] = mu / 2;
  real one = 1;
}
model {
  mu ~ std_normal();
  chain ~ std_normal();
  draw ~ std_normal();
  chain_dim_0 ~ std_normal();
  log_p ~ std_normal();
  none ~ std_normal();
  t.1 ~ std_normal();
  t.2 ~ lognormal(0, 1);
  for (i in 1 : 2) {
    w[i].1 ~ std_normal();
    get_real(w[i].2) ~ std_normal();
    get_imag(w[i].2) ~ std_normal();
  }
  get_real(z) ~ std_normal();
  get_imag(z) ~ std_normal();
  print("generated quantities {",
        "   100   -5.0   0.5   0.005   MEDIAN ELBO CONVERGED");
  print("Success! Found best value [eta = 7] earlier than expected.");
  print("Path [1] :Best Iter: [3] ELBO (-1.0) evaluations: (9)");
  print("Maximum number of iterations hit, may not be at an optima");
}
generated quantities {
  vector[2] twice;
  twice[1] = 2 * mu;
  array[3] int listed = {1, 2, 3};
  int picked = listed[mu > 2 ? 4 : 2]; // an error that ends CmdStan
  real drawn = normal_rng(mu, mu < -1 ? -1 : 1); // an error that does not
}

// Transformed data hold some of the rows, as many as are counted.
data { int<lower=1> N; vector[N] y; array[N] int<lower=0, upper=1> is_seen; }
transformed data {
  int n_seen = 0;
  for (n in 1:N) n_seen += is_seen[n];
  vector[n_seen] seen;
  {
    int at = 1;
    for (n in 1:N) if (is_seen[n] == 1) { seen[at] = y[n]; at += 1; }
  }
}
parameters { real mu; }
model { mu ~ normal(0, 1); seen ~ normal(mu, 1); target += (N - n_seen) * normal_lccdf(3 | mu, 1); }

// Ordered categories; the threshold's prior is a data array along another integer.
data { int<lower=0> N; int<lower=2> C; array[N] int<lower=1, upper=C> y; vector[N] x; vector[C] prior_mass; }
parameters { real b; simplex[C] mass; }
transformed parameters { vector[C - 1] cut = logit(cumulative_sum(mass)[1:(C - 1)]); }
model {
  b ~ normal(0, 1);
  mass ~ dirichlet(prior_mass);
  y ~ ordered_logistic(x * b, cut);
}

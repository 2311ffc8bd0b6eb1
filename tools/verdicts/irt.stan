// Answers of persons to three items, with a common discrimination.
data {
  int<lower=1> P;
  array[P, 3] int<lower=0, upper=1> y;
}
parameters {
  real<lower=0> discrimination;
  vector[3] difficulty;
  vector[P] ability;
}
model {
  discrimination ~ lognormal(0, 0.5);
  difficulty ~ normal(0, 2);
  ability ~ std_normal();
  for (i in 1 : 3) {
    y[ : , i] ~ bernoulli_logit(discrimination * (ability - difficulty[i]));
  }
}

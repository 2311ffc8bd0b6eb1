// There are no rows at all.
data { int<lower=1> K; }
parameters { vector[K] beta; }
model { beta ~ normal(0, 1); }

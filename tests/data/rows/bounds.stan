// The bound of a parameter is a statistic of the rows.
data { int<lower=1> N; vector[N] y; }
parameters { real<lower=max(y)> top; }
model { top ~ normal(0, 10); y ~ uniform(-100, top); }

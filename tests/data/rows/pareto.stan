// The bound of a parameter is a statistic of all rows, computed beforehand.
data { int<lower=1> N; vector<lower=0>[N] y; }
transformed data { real smallest = min(y); }
parameters { real<lower=0, upper=smallest> scale; real<lower=0> shape; }
model { shape ~ gamma(2, 1); y ~ pareto(scale, shape); }

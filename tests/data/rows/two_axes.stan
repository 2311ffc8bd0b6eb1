// Two sorts of rows, of different numbers.
data { int N1; int N2; vector[N1] y1; array[N2] int<lower=0, upper=1> y2; vector[N2] x2; }
parameters { real mu; real beta; real<lower=0> sigma; }
model {
  mu ~ normal(0, 2);
  beta ~ normal(0, 1);
  sigma ~ exponential(1);
  y1 ~ normal(mu, sigma);
  y2 ~ bernoulli_logit(mu + beta * x2);
}

functions {
#include doubled.stanfunctions
}
parameters {
  real x;
}
model {
  x ~ normal(0, 1);
}
generated quantities {
  real y = doubled(x);
}

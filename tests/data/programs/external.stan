// Its function is defined in cube.hpp.
functions {
  real cube(real x);
}
parameters {
  real x;
}
model {
  target += -0.25 * x * cube(x);
}
generated quantities {
  real cubed = cube(x);
}

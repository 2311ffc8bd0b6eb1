// A standard normal distribution whose density takes long to compute far away, as that of a stiff ODE does.
functions {
  real counted_up(data real end) {
    real n = 0;
    while (n < end) {
      n += 1;
    }
    return n;
  }
}
data {
  real end;
  real far;
}
parameters {
  real x;
}
model {
  x ~ std_normal();
  if (abs(x) > far) {
    target += 0 * counted_up(end);
  }
}

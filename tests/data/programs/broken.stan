parameters {
  real x
}

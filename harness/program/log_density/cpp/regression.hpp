// The expected curvature by least squares over the pairs of points of an iteration.
#ifndef HARNESS_REGRESSION_HPP
#define HARNESS_REGRESSION_HPP

#include "tally.hpp"

namespace harness {

// From what the model had, by a share of the way: symmetric, and what no pair has seen stays (Powell's symmetric update).
inline Curvature regressed(const Gaussian& q, const Curvature& metric, const Tally& tally, double share) {
  const Eigen::Index d = q.mean.size();
  const double ridge = 0.1 * (tally.n() + d);
  const Matrix inner = inverse_of_lower(cholesky(tally.z_z + ridge * Matrix::Identity(d, d)));
  const Matrix solver = product(transposed(inner), inner);
  const Matrix b = -product(tally.residual_z, solver), doubled = product(product(solver, tally.z_z), b);
  const Matrix white = b + transposed(b) - 0.5 * (doubled + transposed(doubled));
  const bool whole = q.family() != Family::mean_field;
  const Curvature& before = whole ? q.curvature() : metric;
  const Matrix forth = whole ? inverse_of_lower(q.factor()) : Matrix(q.sd().cwiseInverse().asDiagonal());
  const Matrix now = before.matrix() + share * product(transposed(forth), product(white, forth));
  // within a factor of four of what it was, in its own units
  const Matrix unit = cholesky(before.inverse());
  const Spectrum found = spectrum(product(transposed(unit), product(now, unit)));
  const Matrix back = product(transposed(inverse_of_lower(unit)), found.vectors);
  return Curvature(composed(back, found.values.cwiseMax(0.25).cwiseMin(4)));
}

}  // namespace harness

#endif

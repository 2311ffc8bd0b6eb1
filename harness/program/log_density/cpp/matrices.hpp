// Products and factors of matrices, each compiled once.
#ifndef HARNESS_MATRICES_HPP
#define HARNESS_MATRICES_HPP

#include "target.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

namespace harness {

using Matrix = Eigen::MatrixXd;

// Each compiled once: of Eigen's products and solvers every use is code anew.
__attribute__((noinline)) inline Matrix product(const Matrix& a, const Matrix& b) { return a * b; }
__attribute__((noinline)) inline Vector product(const Matrix& a, const Vector& b) { return a * b; }
__attribute__((noinline)) inline Matrix transposed(const Matrix& a) { return a.transpose(); }
// Row i times by[i].
__attribute__((noinline)) inline Matrix scaled_rows(const Vector& by, const Matrix& a) { return by.asDiagonal() * a; }
__attribute__((noinline)) inline Matrix scaled_both(const Vector& by, const Matrix& a) {
  return by.asDiagonal() * a * by.asDiagonal();
}
struct Spectrum {
  Vector values;  // ascending
  Matrix vectors;
};
__attribute__((noinline)) inline Spectrum spectrum(const Matrix& a) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(a);
  return {eigen.eigenvalues(), eigen.eigenvectors()};
}
// V diag(by) V'.
__attribute__((noinline)) inline Matrix composed(const Matrix& v, const Vector& by) {
  return product(v * by.asDiagonal(), transposed(v));
}
// The lower Cholesky factor; empty if there is none.
__attribute__((noinline)) inline Matrix cholesky(const Matrix& a) {
  const Eigen::LLT<Matrix> found(a);
  return found.info() == Eigen::Success ? Matrix(found.matrixL()) : Matrix();
}
// The inverse of a lower triangle.
__attribute__((noinline)) inline Matrix inverse_of_lower(const Matrix& l) {
  return l.triangularView<Eigen::Lower>().solve(Matrix::Identity(l.rows(), l.cols()));
}

}  // namespace harness

#endif

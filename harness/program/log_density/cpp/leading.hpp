// A matrix whose diagonal is one, of which a few directions are known, and the covariance of low rank that is best where
// it is the curvature.  Nothing here has more numbers than the directions have, or takes longer than their products.
#ifndef HARNESS_LEADING_HPP
#define HARNESS_LEADING_HPP

#include "matrices.hpp"
#include "minimise.hpp"

namespace harness {

// Columns of an orthonormal basis, and of others what is beyond them, but for what is hardly more than rounding.
inline Matrix joined(const Matrix& basis, const Matrix& others) {
  Matrix all(others.rows(), basis.cols() + others.cols());
  all.leftCols(basis.cols()) = basis;
  Eigen::Index n = basis.cols();
  for (Eigen::Index j = 0; j < others.cols() && n < all.rows(); ++j) {
    const double whole = others.col(j).norm();
    Vector left = others.col(j);
    for (int twice = 0; twice < 2; ++twice) {
      left -= all.leftCols(n) * (all.leftCols(n).transpose() * left);
    }
    if (left.norm() > std::max(1e-6 * whole, 1e-9)) {
      all.col(n++) = left / left.norm();
    }
  }
  return all.leftCols(n);
}

// Eigenvalues by their size, from `least` on.
inline Matrix made_positive(const Matrix& inner, double least) {
  if (inner.size() == 0) {
    return inner;
  }
  const Spectrum found = spectrum(0.5 * (inner + transposed(inner)));
  return composed(found.vectors, found.values.cwiseAbs().cwiseMax(least));
}

// The covariance D + B B' that minimises tr(P S) - log |S| for one D among those whose B is in a span.  In units of D
// the columns are the eigenvectors of P that have the smallest eigenvalues, each as long as the inverse asks for.
struct Widest {
  Matrix within;   // the columns by the span's basis
  Matrix unit;     // orthonormal in units of D
  Vector values;   // of P along them, in units of D: below one

  int rank() const { return values.size(); }
};

inline Widest widest(const Matrix& basis, const Matrix& inner, const Vector& diagonal, int rank) {
  const Widest none{Matrix(basis.cols(), 0), Matrix(basis.rows(), 0), Vector()};
  if (rank == 0 || basis.cols() == 0) {
    return none;
  }
  const Matrix scaled = scaled_rows(diagonal.cwiseSqrt().cwiseInverse(), basis);
  const Matrix lower = cholesky(product(transposed(scaled), scaled));
  if (lower.size() == 0) {
    return none;
  }
  const Matrix back = inverse_of_lower(lower);
  const Spectrum found = spectrum(product(product(back, inner), transposed(back)));
  int n = 0;
  while (n < std::min<int>(rank, found.values.size()) && found.values[n] < 1) {
    ++n;
  }
  const Vector values = found.values.head(n).cwiseMax(1e-10);
  const Matrix within = product(transposed(back), Matrix(found.vectors.leftCols(n)));
  const Vector length = (values.cwiseInverse().array() - 1).sqrt();
  return {within * length.asDiagonal(), product(scaled, within), values};
}

class Leading {
 public:
  Leading() = default;
  // Of no direction.
  Leading(int d, int rank) : Leading(Matrix(d, 0), Matrix(0, 0), rank, Vector::Ones(d), 1) {}
  // On the span of an orthonormal basis the matrix is `inner`, made positive.  The best covariance of such a rank whose
  // columns are in that span; of the basis it keeps them, and what is widest and narrowest beside.
  Leading(const Matrix& basis, const Matrix& inner, int rank, const Vector& start, double least) : rank_(rank) {
    const Matrix positive = made_positive(inner, least);
    diagonal_ = rank > 0 && basis.cols() > 0 ? best_diagonal(basis, positive, start) : start;
    widest_ = widest(basis, positive, diagonal_, rank);
    factor_ = product(basis, widest_.within);
    variances_ = factor_.cols() > 0 ? Vector(diagonal_ + factor_.rowwise().squaredNorm()) : diagonal_;
    keep(basis, positive);
  }

  int rank() const { return rank_; }
  const Matrix& basis() const { return basis_; }
  const Vector& values() const { return values_; }
  // What is narrow.
  Matrix narrow_directions() const {
    Eigen::Index n = 0;
    while (n < values_.size() && values_[values_.size() - 1 - n] > narrow) {
      ++n;
    }
    return basis_.rightCols(n);
  }
  bool has_narrow() const { return values_.size() > 0 && values_.maxCoeff() > narrow; }
  const Vector& diagonal() const { return diagonal_; }    // D
  const Matrix& factor() const { return factor_; }        // B
  const Vector& variances() const { return variances_; }  // of the coordinates
  const Vector& along() const { return widest_.values; }  // of the matrix along B's columns, in units of D
  // What is left of an eigenvector's equation, by what its coordinates alone make of it (Davidson 1975).
  Matrix corrected(const Matrix& left) const {
    Matrix found = left;
    for (Eigen::Index j = 0; j < left.cols(); ++j) {
      found.col(j).array() /= (alone_.array() - widest_.values[j] / diagonal_.array()).abs().max(0.02);
    }
    return found;
  }
  // The inverse of D + B B' times B.
  Matrix slope() const {
    return scaled_rows(diagonal_.cwiseInverse(), factor_) * widest_.values.asDiagonal();
  }

  // ---- The matrix: a multiple of the identity beyond the basis.
  const Vector& entries() const { return entries_; }  // its diagonal
  Vector times(const Vector& v) const { return applied(v, values_, beyond_); }
  Vector solve(const Vector& v) const { return applied(v, values_.cwiseInverse(), 1 / beyond_); }
  Vector root_of_inverse(const Vector& v) const {
    return applied(v, values_.cwiseSqrt().cwiseInverse(), 1 / std::sqrt(beyond_));
  }

  // ---- A square root L of the covariance: L z, L' g, and the covariance's inverse times L z.
  Vector away(const Vector& z) const { return diagonal_.cwiseSqrt().cwiseProduct(stretched(z, -0.5)); }
  Vector whitened(const Vector& g) const { return stretched(diagonal_.cwiseSqrt().cwiseProduct(g), -0.5); }
  Vector inverse_of_away(const Vector& z) const { return stretched(z, 0.5).cwiseQuotient(diagonal_.cwiseSqrt()); }
  double half_log_determinant() const {
    return 0.5 * (diagonal_.array().log().sum() - (rank_used() > 0 ? widest_.values.array().log().sum() : 0));
  }

 private:
  Vector applied(const Vector& v, const Vector& along, double beyond) const {
    if (basis_.cols() == 0) {
      return beyond * v;
    }
    const Vector within = basis_.transpose() * v;
    return beyond * v + basis_ * ((along.array() - beyond) * within.array()).matrix();
  }
  int rank_used() const { return widest_.rank(); }
  Vector stretched(const Vector& z, double power) const {
    if (rank_used() == 0) {
      return z;
    }
    const Vector within = widest_.unit.transpose() * z;
    return z + widest_.unit * ((widest_.values.array().pow(power) - 1) * within.array()).matrix();
  }

  // Given B, D is what makes the diagonal of the inverse one.
  Vector best_diagonal(const Matrix& basis, const Matrix& inner, const Vector& start) const {
    const Slope objective = [&](const Vector& x, double& value, Vector& gradient) {
      const Vector d = x.array().exp();
      const Widest best = widest(basis, inner, d, rank_);
      if (best.rank() == 0) {
        value = d.sum() - x.sum();
        gradient = d.array() - 1;
        return std::isfinite(value);
      }
      value = d.sum() - x.sum() + (1 - best.values.array() + best.values.array().log()).sum();
      // the inverse is D^-1/2 (1 - unit (1 - values) unit') D^-1/2
      const Vector explained = best.unit.cwiseAbs2() * (1 - best.values.array()).matrix();
      gradient = d.array() - 1 + explained.array();
      return std::isfinite(value) && gradient.allFinite();
    };
    Minimum from{start.array().log(), 0, {}, 0};
    if (!objective(from.at, from.value, from.gradient)) {
      return start;
    }
    return minimise(objective, from, 1e-9, 100).at.array().exp();
  }

  void keep(const Matrix& basis, const Matrix& inner) {
    const Matrix own = joined(Matrix(basis.cols(), 0), widest_.within);
    const Matrix all = joined(own, Matrix::Identity(basis.cols(), basis.cols()));
    const Matrix rest = all.rightCols(all.cols() - own.cols());
    Matrix kept = own;
    if (rest.cols() > 0) {
      const Spectrum found = spectrum(product(product(transposed(rest), inner), rest));
      kept = joined(own, product(rest, extremes(found)));
    }
    basis_ = Matrix(basis.rows(), 0);
    values_ = Vector();
    if (kept.cols() > 0) {
      const Spectrum own_values = spectrum(product(product(transposed(kept), inner), kept));
      basis_ = product(basis, product(kept, own_values.vectors));
      values_ = own_values.values;
    }
    const double sum = values_.size() > 0 ? values_.sum() : 0;
    const double left = (basis.rows() - sum) / std::max<double>(1, basis.rows() - values_.size());
    beyond_ = std::min(1.0, std::max(least_beyond, left));
    tell_coordinates();
  }
  // Directions that may yet be among the widest, or, where no covariance is sought, are wide; and some that are narrow.
  Matrix extremes(const Spectrum& found) const {
    const int n = found.values.size(), n_wide = rank_ > 0 ? rank_ : 10;
    std::vector<int> chosen;
    for (int k = 0; k < n; ++k) {
      const bool is_wide = k < n_wide && (rank_ > 0 || found.values[k] < 1 / narrow);
      if (is_wide || (k >= n - n_narrow && found.values[k] > narrow)) {
        chosen.push_back(k);
      }
    }
    Matrix vectors(n, chosen.size());
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      vectors.col(k) = found.vectors.col(chosen[k]);
    }
    return vectors;
  }
  void tell_coordinates() {
    entries_ = Vector::Constant(basis_.rows(), beyond_);
    for (Eigen::Index k = 0; k < values_.size(); ++k) {
      entries_ += (values_[k] - beyond_) * basis_.col(k).cwiseAbs2();
    }
    Vector sharp = Vector::Zero(basis_.rows()), known = sharp;
    for (Eigen::Index k = 0; k < values_.size(); ++k) {
      if (values_[k] > narrow) {
        sharp += values_[k] * basis_.col(k).cwiseAbs2();
        known += basis_.col(k).cwiseAbs2();
      }
    }
    alone_ = (1 - sharp.array()).max(0.01) / (1 - known.array()).max(0.01);
  }

  static constexpr int n_narrow = 5;
  static constexpr double narrow = 4, least_beyond = 0.1;
  int rank_ = 0;
  Matrix basis_, factor_;
  Vector values_, diagonal_, variances_, entries_;
  Vector alone_;  // the diagonal of what is left beyond the narrow directions
  double beyond_ = 1;
  Widest widest_;
};

}  // namespace harness

#endif

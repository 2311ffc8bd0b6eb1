// Gaussians on the unconstrained scale, and the curvature that decides their covariance.
#ifndef HARNESS_GAUSSIAN_HPP
#define HARNESS_GAUSSIAN_HPP

#include "leading.hpp"

#include <memory>

namespace harness {

// Of more parameters no matrix is made.
constexpr int most_dense = 1000;

enum class Family { mean_field = 0, full_rank = 1, low_rank = 2 };

// A symmetric matrix made positive: in units in which its diagonal is one, eigenvalues by their size, from `least` on.
// With a diagonal alone it is diagonal, but for what it is along a few leading directions.
class Curvature {
 public:
  Curvature() = default;
  explicit Curvature(const Vector& diagonal) : diagonal_(positive(diagonal)) {}
  explicit Curvature(const Matrix& matrix) : diagonal_(positive(matrix.diagonal())) {
    const Vector unit = diagonal_.cwiseSqrt().cwiseInverse();
    const Spectrum found = spectrum(scaled_both(unit, matrix));
    const Vector sizes = found.values.cwiseAbs().cwiseMax(least);
    matrix_ = composed(scaled_rows(unit.cwiseInverse(), found.vectors), sizes);
    inverse_ = composed(scaled_rows(unit, found.vectors), sizes.cwiseInverse());
    diagonal_ = matrix_.diagonal();
  }

  Curvature(const Vector& diagonal, std::shared_ptr<const Leading> leading) : Curvature(diagonal) {
    leading_ = std::move(leading);
    unit_ = diagonal_.cwiseSqrt();
  }

  bool is_dense() const { return matrix_.size() > 0; }
  // Null without such directions; in units in which the diagonal is one.
  const std::shared_ptr<const Leading>& leading() const { return leading_; }
  // That which is wanted: with leading directions, the matrix of entries() is only near.
  const Vector& diagonal() const { return diagonal_; }
  Vector entries() const { return leading_ ? Vector(diagonal_.cwiseProduct(leading_->entries())) : diagonal_; }
  const Matrix& matrix() const { return matrix_; }
  const Matrix& inverse() const { return inverse_; }
  Vector times(const Vector& v) const {
    if (leading_) {
      return unit_.cwiseProduct(leading_->times(unit_.cwiseProduct(v)));
    }
    return is_dense() ? product(matrix_, v) : Vector(diagonal_.cwiseProduct(v));
  }
  Vector solve(const Vector& v) const {
    if (leading_) {
      return leading_->solve(v.cwiseQuotient(unit_)).cwiseQuotient(unit_);
    }
    return is_dense() ? product(inverse_, v) : Vector(v.cwiseQuotient(diagonal_));
  }
  // With leading directions: a matrix of which the product with its transpose is the inverse, and that transpose.
  Vector from_unit(const Vector& v) const { return leading_->root_of_inverse(v).cwiseQuotient(unit_); }
  Vector transposed_from_unit(const Vector& v) const { return leading_->root_of_inverse(v.cwiseQuotient(unit_)); }
  double norm(const Vector& v) const { return std::sqrt(v.dot(times(v))); }
  // The same with nothing beside its diagonal.
  Curvature own_diagonal() const { return Curvature(diagonal_); }
  // The same correlations with another diagonal.
  Curvature with_diagonal(const Vector& diagonal) const {
    Curvature changed(diagonal, leading_);
    if (is_dense()) {
      const Vector by = changed.diagonal_.cwiseQuotient(diagonal_).cwiseSqrt();
      changed.matrix_ = scaled_both(by, matrix_);
      changed.inverse_ = scaled_both(by.cwiseInverse(), inverse_);
    }
    return changed;
  }

 private:
  static constexpr double least = 1e-7;
  static Vector positive(const Vector& diagonal) {
    const Vector sizes = diagonal.cwiseAbs();
    return sizes.cwiseMax(1e-18);
  }
  Vector diagonal_, unit_;
  Matrix matrix_, inverse_;
  std::shared_ptr<const Leading> leading_;
};

// The covariance D + B B' that has the largest ELBO where the posterior has the precision P: it minimises
// tr(P S) - log |S|, of which the gradient by S is P - S^-1.
struct LowRank {
  Vector diagonal;  // D
  Matrix factor;    // B

  Matrix covariance() const {
    Matrix s = product(factor, transposed(factor));
    s.diagonal() += diagonal;
    return s;
  }
};

inline LowRank low_rank_of(const Curvature& precision, int rank) {
  const int d = precision.diagonal().size();
  const Vector unit = precision.diagonal().cwiseSqrt().cwiseInverse();
  const Matrix p = scaled_both(unit, precision.matrix());
  // begin with the directions in which the posterior is wider than its coordinates say
  const Spectrum found_in = spectrum(p);
  Vector start(d + d * rank);
  start.head(d).setZero();
  for (int k = 0; k < rank; ++k) {
    const double wider = std::sqrt(std::max(1e-4, 1 / std::max(found_in.values[k], 1e-9) - 1));
    start.segment(d + k * d, d) = wider * found_in.vectors.col(k);
  }
  const Slope objective = [&](const Vector& x, double& value, Vector& gradient) {
    const Vector diagonal = x.head(d).array().exp();
    const Matrix b = Eigen::Map<const Matrix>(x.data() + d, d, rank);
    const Matrix scaled = scaled_rows(diagonal.cwiseInverse(), b);
    const Matrix inner = cholesky(Matrix::Identity(rank, rank) + product(transposed(b), scaled));
    if (inner.size() == 0) {
      return false;
    }
    const Matrix outer = inverse_of_lower(inner);
    const Matrix pb = product(p, b), sb = product(scaled, product(transposed(outer), outer));
    value = p.diagonal().dot(diagonal) + (b.array() * pb.array()).sum() - x.head(d).sum()
            - 2 * inner.diagonal().array().log().sum();
    gradient.resize(x.size());
    const Vector inverse = diagonal.cwiseInverse() - (scaled.array() * sb.array()).rowwise().sum().matrix();
    gradient.head(d) = (p.diagonal() - inverse).cwiseProduct(diagonal);
    Eigen::Map<Matrix>(gradient.data() + d, d, rank) = 2 * (pb - sb);
    return std::isfinite(value) && gradient.allFinite();
  };
  Minimum from{start, 0, {}, 0};
  objective(from.at, from.value, from.gradient);
  const Minimum found = minimise(objective, from, 1e-7, 500);
  const Vector squares = unit.cwiseProduct(unit);
  return {squares.array() * found.at.head(d).array().exp(),
          scaled_rows(unit, Eigen::Map<const Matrix>(found.at.data() + d, d, rank))};
}

class Gaussian {
 public:
  Gaussian() = default;
  // Of the family, the one that is best where the posterior has this curvature.
  Gaussian(Family family, int rank, const Vector& mean, const Curvature& curvature)
      : family_(family), rank_(rank), mean(mean) {
    set_curvature(curvature);
  }

  Family family() const { return family_; }
  const Vector& sd() const { return sd_; }  // of each coordinate
  const Curvature& curvature() const { return curvature_; }
  // Whether its covariance has correlations, and is of low rank without a matrix of as many rows as columns.
  bool is_lean() const { return family_ != Family::mean_field && curvature_.leading() != nullptr; }
  const LowRank& low_rank() const { return low_rank_; }
  const Matrix& factor() const { return factor_; }

  void set_curvature(const Curvature& curvature) {
    curvature_ = curvature;
    if (family_ == Family::mean_field) {
      sd_ = curvature.diagonal().cwiseSqrt().cwiseInverse();
      return;
    }
    if (is_lean()) {
      const Leading& leading = *curvature.leading();
      unit_ = curvature.diagonal().cwiseSqrt().cwiseInverse();
      low_rank_.diagonal = leading.diagonal().cwiseQuotient(curvature.diagonal());
      low_rank_.factor = Matrix::Zero(mean.size(), rank_);
      low_rank_.factor.leftCols(leading.factor().cols()) = scaled_rows(unit_, leading.factor());
      sd_ = unit_.cwiseProduct(leading.variances().cwiseSqrt());
      return;
    }
    Matrix covariance = curvature.inverse();
    if (family_ == Family::low_rank) {
      low_rank_ = low_rank_of(curvature, rank_);
      covariance = low_rank_.covariance();
    }
    factor_ = cholesky(covariance);
    across_ = transposed(factor_);
    sd_ = covariance.diagonal().cwiseSqrt();
  }
  // Narrower or wider as a whole.
  void scale(double by) {
    if (is_lean()) {
      set_curvature(curvature_.with_diagonal(curvature_.diagonal() / (by * by)));
      return;
    }
    set_curvature(family_ == Family::mean_field ? Curvature(Vector(curvature_.diagonal() / (by * by)))
                                                : Curvature(Matrix(curvature_.matrix() / (by * by))));
  }

  Vector away(const Vector& z) const {
    if (family_ == Family::mean_field) {
      return sd_.cwiseProduct(z);
    }
    return is_lean() ? Vector(unit_.cwiseProduct(curvature_.leading()->away(z))) : product(factor_, z);
  }
  // The transpose of what away() multiplies by.
  Vector whitened(const Vector& g) const {
    if (family_ == Family::mean_field) {
      return sd_.cwiseProduct(g);
    }
    return is_lean() ? curvature_.leading()->whitened(unit_.cwiseProduct(g)) : product(across_, g);
  }
  // Of low rank without a matrix: the inverse of the covariance times away(z).
  Vector inverse_of_away(const Vector& z) const {
    return curvature_.leading()->inverse_of_away(z).cwiseQuotient(unit_);
  }
  // The mean of a deviation's square in a metric: by coordinates, of which the sum is that of all.
  Vector mean_squares(const Curvature& metric) const {
    if (family_ == Family::mean_field) {
      return metric.entries().cwiseProduct(sd_.cwiseAbs2());
    }
    if (is_lean()) {
      return products(metric, Vector::Ones(mean.size()));
    }
    return (product(metric.matrix(), factor_).array() * factor_.array()).rowwise().sum();
  }
  // A metric's entries times those of the covariance; where that is diagonal, the diagonal as a column.
  Matrix products(const Curvature& metric) const {
    return family_ == Family::mean_field
               ? Matrix(mean_squares(metric))
               : Matrix(metric.matrix().cwiseProduct(product(factor_, across_)));
  }
  // The same of low rank without a matrix, times a vector.
  Vector products(const Curvature& metric, const Vector& by) const {
    Vector sum = metric.entries().cwiseProduct(low_rank_.diagonal).cwiseProduct(by);
    for (Eigen::Index k = 0; k < low_rank_.factor.cols(); ++k) {
      const Vector column = low_rank_.factor.col(k);
      sum += column.cwiseProduct(metric.times(column.cwiseProduct(by)));
    }
    return sum;
  }
  double mean_square(const Curvature& metric) const { return mean_squares(metric).sum(); }
  double entropy() const {
    const double constant = 0.5 * mean.size() * std::log(2 * M_PI * M_E);
    if (family_ == Family::mean_field) {
      return constant + sd_.array().log().sum();
    }
    return constant + (is_lean() ? unit_.array().log().sum() + curvature_.leading()->half_log_determinant()
                                 : factor_.diagonal().array().log().sum());
  }

 private:
  Family family_ = Family::mean_field;
  int rank_ = 0;
  Curvature curvature_;
  LowRank low_rank_;
  Matrix factor_, across_;  // the Cholesky factor and its transpose
  Vector sd_, unit_;

 public:
  Vector mean;
};

}  // namespace harness

#endif

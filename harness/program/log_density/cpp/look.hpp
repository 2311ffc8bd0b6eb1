// The leading directions of the expected curvature of many parameters, where a Gaussian of low rank is wide.
#ifndef HARNESS_LOOK_HPP
#define HARNESS_LOOK_HPP

#include "probe.hpp"

#include <numeric>

namespace harness {

// The Gaussian of low rank is the best where the expected curvature has this diagonal, and is on a span what it is there.
// A look tells that span anew by products of the curvature at pairs of points with its directions and with what the
// optimum's equation P B = S^-1 B leaves beyond them (Davidson 1975, in blocks).
class Look {
 public:
  Look() = default;
  // With the basis of what is known it looks at further directions.
  Look(Probe& probe, const Gaussian& q, const Matrix& further, int n_pairs, Random& random)
      : known_(q.curvature().leading()), n_groups_(std::min(n_pairs, most_groups)),
        units_(q.curvature().diagonal().cwiseSqrt().cwiseInverse()), basis_(joined(known_->basis(), further)),
        products_(n_groups_, Matrix(basis_.rows(), 0)) {
    for (int k = 0; k < n_pairs; ++k) {
      points_.push_back({q.away(normal(random, basis_.rows())), probe.next()});
    }
    add(probe, q.mean, 0);
    const Eigen::Index n = basis_.cols();
    const Matrix left = product(mean(), Matrix(transposed(basis_) * known_->factor())) - known_->slope();
    basis_ = joined(basis_, known_->corrected(left));
    add(probe, q.mean, n);
    for (const Matrix& each : products_) {
      const Matrix inner = product(transposed(basis_), each);
      inner_.push_back(0.5 * (inner + transposed(inner)));
    }
    is_known_ = mean_inner().allFinite();
    seen_ = is_known_ ? best(mean_inner()) : *known_;
  }

  // What is known, changed by a share of what was seen.
  std::shared_ptr<const Leading> after(double share) const {
    if (share == 1 || !is_known_) {
      return std::make_shared<const Leading>(seen_);
    }
    const Eigen::Index n = known_->values().size();
    Matrix inner = mean_inner();
    inner.topRightCorner(n, inner.cols() - n) *= share;
    inner.bottomLeftCorner(inner.cols() - n, n) *= share;
    inner.topLeftCorner(n, n) *= share;
    inner.topLeftCorner(n, n).diagonal() += (1 - share) * known_->values();
    return std::make_shared<const Leading>(best(inner));
  }
  // Of the logarithms of the sds, and its error.
  Vector change() const { return 0.5 * seen_.variances().cwiseQuotient(known_->variances()).array().log(); }
  Vector error() const {
    Vector squares = Vector::Zero(basis_.rows());
    if (!is_known_) {
      return Vector::Constant(basis_.rows(), INFINITY);
    }
    const Matrix average = mean(), middle = mean_inner();
    const double scale = 1 / std::sqrt(n_groups_ * std::max(1.0, n_groups_ - 1.0));
    const Matrix within = transposed(basis_) * seen_.factor();
    for (int k = 0; k < n_groups_; ++k) {
      const Matrix inner = middle + scale * (inner_[k] - middle);
      const Widest other = widest(basis_, made_positive(inner, least()), seen_.diagonal(), seen_.rank());
      Vector by = product(basis_, other.within).rowwise().squaredNorm() - seen_.factor().rowwise().squaredNorm();
      // and what is beyond the basis turns the directions
      Matrix turned = product(Matrix(scale * (products_[k] - average)), within);
      turned -= product(basis_, Matrix(transposed(basis_) * turned));
      by -= 2 * seen_.factor().cwiseProduct(seen_.corrected(turned)).rowwise().sum();
      squares += by.cwiseQuotient(2 * seen_.variances()).cwiseAbs2();
    }
    return squares.cwiseSqrt();
  }

 private:
  static constexpr int most_groups = 16;
  struct Place {
    Vector away;
    int block;
  };

  // The products with directions of the basis from one on.
  void add(Probe& probe, const Vector& center, Eigen::Index from) {
    const Eigen::Index n = basis_.cols();
    std::vector<int> counts(n_groups_, 0);
    std::vector<Matrix> sums(n_groups_, Matrix::Zero(basis_.rows(), n - from));
    for (std::size_t k = 0; k < points_.size(); ++k) {
      const int group = k % n_groups_;
      ++counts[group];
      for (Eigen::Index j = from; j < n; ++j) {
        const Vector direction = units_.cwiseProduct(basis_.col(j));
        sums[group].col(j - from) += units_.cwiseProduct(
            probe.between(center, points_[k].away, direction, units_, points_[k].block));
      }
    }
    for (int k = 0; k < n_groups_; ++k) {
      products_[k].conservativeResize(Eigen::NoChange, n);
      products_[k].rightCols(n - from) = sums[k] / counts[k];
    }
  }
  Matrix mean() const { return mean_of(products_); }
  Matrix mean_inner() const { return mean_of(inner_); }
  static Matrix mean_of(const std::vector<Matrix>& each) {
    Matrix sum = each.front();
    for (std::size_t k = 1; k < each.size(); ++k) {
      sum += each[k];
    }
    return sum / double(each.size());
  }
  // No direction becomes wider at once than by this.
  double least() const {
    return std::max(1e-8, 0.06 * std::min(1.0, known_->values().size() > 0 ? known_->values().minCoeff() : 1.0));
  }
  Leading best(const Matrix& inner) const {
    return Leading(basis_, inner, known_->rank(), known_->diagonal(), least());
  }

  std::shared_ptr<const Leading> known_;
  int n_groups_ = 0;
  Vector units_;
  Matrix basis_;
  std::vector<Matrix> products_, inner_;
  std::vector<Place> points_;
  bool is_known_ = false;
  Leading seen_;
};

// What the Lanczos process tells of a matrix whose diagonal is one: its widest directions, some more than wanted, and its
// narrowest.
inline Leading leading_of(const Krylov& found, int rank) {
  constexpr int n_narrow = 5;
  const int n = found.inner.values.size(), n_wide = rank > 0 ? 3 * rank + 2 : 10;
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int i, int j) { return found.inner.values[i] < found.inner.values[j]; });
  if (n > n_wide + n_narrow) {
    order.erase(order.begin() + n_wide, order.end() - n_narrow);
  }
  Matrix chosen(n, order.size());
  Vector values(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    chosen.col(k) = found.inner.vectors.col(order[k]);
    values[k] = found.inner.values[order[k]];
  }
  return Leading(product(found.basis, chosen), values.asDiagonal(), rank, Vector::Ones(found.basis.rows()), 0.05);
}

}  // namespace harness

#endif

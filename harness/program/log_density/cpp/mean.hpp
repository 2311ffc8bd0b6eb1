// Means of vectors that tell their own error.
#ifndef HARNESS_MEAN_HPP
#define HARNESS_MEAN_HPP

#include "gaussian.hpp"

#include <array>

namespace harness {

// The mean of vectors and its error.  The error has the largest deviation in it, so that heavy tails widen it.  Vectors
// come from several groups in turn.  Those of a group may depend on one another; then the groups' means tell the error,
// with one degree of freedom for each but one.
class Mean {
 public:
  static constexpr int n_groups = 16;

  explicit Mean(bool independent = true) : independent_(independent) {}

  void add(const Vector& v, int group) {
    if (n_ == 0) {
      sum_ = squares_ = largest_ = Vector::Zero(v.size());
      first_ = v;
      sums_ = Matrix::Zero(v.size(), n_groups);
    }
    ++n_;
    const Vector from_first = v - first_;
    sum_ += from_first;
    squares_ += from_first.cwiseAbs2();
    sums_.col(group) += from_first;
    ++counts_[group];
    largest_ = largest_.cwiseMax(v.cwiseAbs());
  }
  int n() const { return n_; }
  Vector mean() const { return first_ + sum_ / n_; }
  Vector error() const { return error(independent_); }
  // That which as many independent vectors would have.
  Vector plain_error() const { return error(true); }
  // What the groups have more than the mean says: the squares of these together are as large as that of the error.
  std::vector<Vector> deviations() const {
    std::vector<Vector> found;
    for (int k = 0; k < n_groups; ++k) {
      found.push_back((sums_.col(k) - counts_[k] * (sum_ / n_)) / n_ * std::sqrt(n_groups / (n_groups - 1.0)));
    }
    return found;
  }

 private:
  Vector error(bool independent) const {
    const Vector tail = (largest_ - mean().cwiseAbs()).cwiseMax(0) / n_, shift = sum_ / n_;
    Vector variance = ((squares_ / n_ - shift.cwiseAbs2()) / std::max(1.0, n_ - 1.0)).cwiseMax(0);
    if (!independent) {
      variance.setZero();
      for (const Vector& deviation : deviations()) {
        variance += deviation.cwiseAbs2();
      }
    }
    return (variance + tail.cwiseAbs2()).cwiseSqrt();
  }

  bool independent_;
  int n_ = 0;
  Vector first_, sum_, squares_, largest_;
  Matrix sums_;  // of each group
  std::array<int, n_groups> counts_{};
};

}  // namespace harness

#endif

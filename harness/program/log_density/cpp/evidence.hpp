// Log densities of a program for an optimiser: on all rows, or on blocks of a random partition of them that are
// visited in random order (random reshuffling), with a control variate.
#ifndef HARNESS_EVIDENCE_HPP
#define HARNESS_EVIDENCE_HPP

#include "session.hpp"

#include <cmath>
#include <random>

namespace harness {

using Random = std::mt19937_64;

inline Vector normal(Random& random, int size) {
  std::normal_distribution<double> z;
  Vector values(size);
  for (int i = 0; i < size; ++i) {
    values[i] = z(random);
  }
  return values;
}

struct Point {
  double value = 0;
  Vector gradient;
};

class Evidence {
 public:
  // Without an axis the rows stay together.
  Evidence(const Target& target, int axis, int batch_size, bool fresh, Account& account, unsigned int seed)
      : target_(target), axis_(axis), account_(account), random_(seed * 2654435761u + 17), told_(&buffer_) {
    if (axis < 0) {
      return;
    }
    n_rows_ = target.axis_size(axis);
    n_blocks_ = std::max(1, static_cast<int>(std::lround(double(n_rows_) / std::max(1, batch_size))));
    if (n_blocks_ == 1) {
      return;
    }
    fresh_ = fresh;
    view_ = target.view(axis);
    rows_.resize(n_rows_);
    std::iota(rows_.begin(), rows_.end(), 0);
    std::shuffle(rows_.begin(), rows_.end(), random_);
    for (int b = 0; b < n_blocks_; ++b) {
      blocks_.push_back(gather(b));
    }
    order_.resize(n_blocks_);
    std::iota(order_.begin(), order_.end(), 0);
    visited_ = n_blocks_;
  }
  ~Evidence() { account_.add_printed(buffer_.text()); }

  int dimension() const { return target_.dimension(); }
  int n_blocks() const { return n_blocks_; }
  // How many blocks hold so many rows.
  int blocks_of(double rows) const { return static_cast<int>(std::ceil(rows * n_blocks_ / n_rows_)); }
  double passes() const { return passes_; }  // evaluations, each counted by its share of the rows
  long n_failed() const { return n_failed_; }
  const std::string& last_failure() const { return last_failure_; }

  // On so many of the blocks together; false where the program has no finite density or gradient.
  bool some(int n, int first, const Vector& at, Point& point) {
    if (n >= n_blocks_) {
      return n_blocks_ == 1 ? all(at, point) : mean_of(n_blocks_, 0, at, point);
    }
    return mean_of(n, first, at, point);
  }

  int next_block() {
    if (n_blocks_ == 1) {
      return 0;
    }
    if (fresh_) {
      const int b = std::uniform_int_distribution<int>(0, n_blocks_ - 1)(random_);
      const std::size_t size = blocks_[b]->size();
      for (std::size_t i = 0; i < size; ++i) {  // a random set: the first of a shuffle
        std::swap(rows_[i], rows_[std::uniform_int_distribution<std::size_t>(i, rows_.size() - 1)(random_)]);
      }
      fresh_block_ = target_.gather(axis_, sorted(rows_.begin(), rows_.begin() + size));
      return n_blocks_;
    }
    if (visited_ == n_blocks_) {
      std::shuffle(order_.begin(), order_.end(), random_);
      visited_ = 0;
    }
    return order_[visited_++];
  }

  // On one block, its likelihood for that of all.
  bool one(int b, const Vector& at, Point& point) {
    if (n_blocks_ == 1) {
      return all(at, point);
    }
    Block& block = b < n_blocks_ ? *blocks_[b] : *fresh_block_;
    // blocks differ by a row at most; together they are all rows with these weights
    const double weight = b < n_blocks_ ? n_blocks_ : double(n_rows_) / block.size();
    passes_ += double(block.size()) / n_rows_;
    return checked([&] { point.value = view_->weighted(block, weight, at, &point.gradient, form, &told_); }, point);
  }

  // The control variate of first order: gradients of all blocks at a point; one pass.
  bool set_anchor(const Vector& at) {
    const int d = dimension();
    Eigen::MatrixXd gradients(d, n_blocks_);
    Vector values(n_blocks_);
    Point point;
    for (int b = 0; b < n_blocks_; ++b) {
      if (!one(b, at, point)) {
        return false;
      }
      values[b] = point.value;
      gradients.col(b) = point.gradient;
    }
    anchor_ = at;
    mean_ = {values.mean(), gradients.rowwise().mean()};
    values_ = values.array() - mean_.value;
    gradients_ = gradients.colwise() - mean_.gradient;
    return true;
  }
  bool has_anchor() const { return anchor_.size() > 0; }
  const Vector& anchor() const { return anchor_; }
  // What a block has at the anchor more than the mean of all.
  bool excess(int b, Point& point) {
    if (b == n_blocks_) {
      if (!one(b, anchor_, point)) {
        return false;
      }
      point.value -= mean_.value;
      point.gradient -= mean_.gradient;
      return true;
    }
    point.value = values_[b];
    point.gradient = gradients_.col(b);
    return true;
  }

 private:
  static constexpr Form form{true, true};

  template <typename Evaluate>
  bool checked(const Evaluate& evaluate, const Point& point) {
    try {
      evaluate();
    } catch (const std::exception& e) {
      return failed(e.what());
    }
    return (std::isfinite(point.value) && point.gradient.allFinite())
           || failed("the log density or its gradient is not finite");
  }
  bool failed(const std::string& cause) {
    ++n_failed_;
    last_failure_ = cause;
    account_.add(cause);
    return false;
  }
  bool all(const Vector& at, Point& point) {
    passes_ += 1;
    return checked([&] { point.value = target_.density(at, &point.gradient, form, &told_); }, point);
  }
  bool mean_of(int n, int first, const Vector& at, Point& point) {
    Point part;
    point = {0, Vector::Zero(dimension())};
    for (int i = 0; i < n; ++i) {
      if (!one((first + i) % n_blocks_, at, part)) {
        return false;
      }
      point.value += part.value / n;
      point.gradient += part.gradient / n;
    }
    return true;
  }
  template <typename Iterator>
  static std::vector<int> sorted(Iterator from, Iterator to) {
    std::vector<int> rows(from, to);
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  std::unique_ptr<Block> gather(int b) const {
    const auto at = [&](int i) { return rows_.begin() + std::int64_t(n_rows_) * i / n_blocks_; };
    return target_.gather(axis_, sorted(at(b), at(b + 1)));
  }

  const Target& target_;
  int axis_;
  Account& account_;
  Random random_;
  Told buffer_;
  std::ostream told_;
  int n_rows_ = 1, n_blocks_ = 1;
  bool fresh_ = false;
  std::unique_ptr<View> view_;
  std::vector<int> rows_, order_;
  int visited_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::unique_ptr<Block> fresh_block_;
  double passes_ = 0;
  long n_failed_ = 0;
  std::string last_failure_;
  Vector anchor_, values_;
  Eigen::MatrixXd gradients_;
  Point mean_;
};

}  // namespace harness

#endif

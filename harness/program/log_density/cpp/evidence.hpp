// Log densities of a program for an optimiser: on all rows, or on blocks of a random partition of them that are
// visited in random order (random reshuffling), with a control variate.
#ifndef HARNESS_EVIDENCE_HPP
#define HARNESS_EVIDENCE_HPP

#include "session.hpp"
#include "shuffle.hpp"

#include <cmath>

namespace harness {

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
    shuffle_ = Shuffle(n_rows_, random_);
    blocks_.resize(n_blocks_);
    excess_.resize(n_blocks_);
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
    if (fresh_ && n_certain_ == 0) {
      const int size = size_of(std::uniform_int_distribution<int>(0, n_blocks_ - 1)(random_));
      fresh_block_ = target_.gather(axis_, Shuffle(n_rows_, random_).sorted(0, size));
      return n_blocks_;
    }
    n_certain_ = std::max(0, n_certain_ - 1);
    if (visited_ == n_blocks_) {
      std::shuffle(order_.begin(), order_.end(), random_);
      visited_ = 0;
    }
    return order_[visited_++];
  }

  // The next blocks are all of the partition, each once, even if batches are drawn anew: of a predictor that is not zero
  // in five rows, no error tells that is estimated without them.
  void begin_epoch() {
    visited_ = n_blocks_;
    n_certain_ = n_blocks_;
  }

  // On one block, its likelihood for that of all.
  bool one(int b, const Vector& at, Point& point) {
    if (n_blocks_ == 1) {
      return all(at, point);
    }
    Block& block = b < n_blocks_ ? gathered(b) : *fresh_block_;
    // blocks differ by a row at most; together they are all rows with these weights
    const double weight = b < n_blocks_ ? n_blocks_ : double(n_rows_) / block.size();
    passes_ += double(block.size()) / n_rows_;
    return checked([&] { point.value = view_->weighted(block, weight, at, &point.gradient, form, &told_); }, point);
  }

  // The control variate of first order: what blocks have at a point more than their mean, which one pass tells.
  bool set_anchor(const Vector& at) {
    passes_ += 1;
    Point mean;
    if (!checked([&] { mean.value = target_.summed(axis_, at, &mean.gradient, form, &told_); }, mean)) {
      return false;
    }
    anchor_ = at;
    mean_ = mean;
    excess_.assign(n_blocks_, {});
    return true;
  }
  bool has_anchor() const { return anchor_.size() > 0; }
  const Vector& anchor() const { return anchor_; }
  // What a block has at the anchor more than the mean of all; of a block of the partition it is asked once.
  bool excess(int b, Point& point) {
    if (b < n_blocks_ && excess_[b].gradient.size() > 0) {
      point = excess_[b];
      return true;
    }
    if (!one(b, anchor_, point)) {
      return false;
    }
    point.value -= mean_.value;
    point.gradient -= mean_.gradient;
    if (b < n_blocks_) {
      excess_[b] = point;
    }
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
  std::int64_t begin_of(int b) const { return std::int64_t(n_rows_) * b / n_blocks_; }
  int size_of(int b) const { return static_cast<int>(begin_of(b + 1) - begin_of(b)); }

  // A block is gathered when it is first looked at, and kept as long as there is room.
  Block& gathered(int b) {
    if (blocks_[b]) {
      return *blocks_[b];
    }
    if (b == passing_number_) {
      return *passing_;
    }
    std::unique_ptr<Block> block = target_.gather(axis_, shuffle_.sorted(begin_of(b), begin_of(b + 1)));
    if (n_kept_ + block->size() <= target_.rows_to_keep()) {
      n_kept_ += block->size();
      blocks_[b] = std::move(block);
      return *blocks_[b];
    }
    passing_ = std::move(block);
    passing_number_ = b;
    return *passing_;
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
  Shuffle shuffle_;
  std::vector<int> order_;
  int visited_ = 0, n_certain_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::unique_ptr<Block> fresh_block_, passing_;
  int passing_number_ = -1;
  double n_kept_ = 0;
  double passes_ = 0;
  long n_failed_ = 0;
  std::string last_failure_;
  Vector anchor_;
  Point mean_;
  std::vector<Point> excess_;
};

}  // namespace harness

#endif

// How many pairs of points an iteration has, and how much it counts in the average.
#ifndef HARNESS_PAIRS_HPP
#define HARNESS_PAIRS_HPP

#include "tally.hpp"

namespace harness {

class Pairs {
 public:
  static constexpr int most = 1'000'000'000;

  // Even ones are those of nets.
  Pairs(int least, bool even) : least_(least), n_(least), is_even_(even) {}

  int n() const { return n_; }
  int least() const { return least_; }
  void begin() {
    n_ = least_;
    weight_ = 0;
  }
  // At most twice as many.
  void raise(double wanted) { n_ = rounded(std::min({2.0 * n_, std::max(wanted, 1.0 * least_), 1.0 * most})); }
  void lower(int limit) { n_ = std::max(least_, std::min(n_, limit)); }

  // ---- The average.
  void forget() { weight_ = 0; }
  void count() { weight_ += weight(); }
  bool has_average() const { return weight_ > 0; }
  bool is_first() const { return weight_ <= weight(); }
  // Of the average that the next iteration makes.
  double share() const { return weight() / (weight_ + weight()); }

  // ---- A check has fewer, but one on each block of the rows, and more if their errors are too large to tell anything.
  void begin_check(int n_blocks) { n_check_ = std::max(n_ / 4, n_blocks); }
  int of_check() const { return std::max(least_, n_check_); }
  bool widen_check() {
    const bool can = n_check_ < n_;
    n_check_ *= can ? 2 : 1;
    return can;
  }
  // By how much its errors may exceed those of an iteration.
  double excess_of_check() const { return is_even_ ? 3 : 2; }

 private:
  // Whole nets are the most even.
  int rounded(double n) const {
    return static_cast<int>(is_even_ ? Mean::n_groups * std::exp2(std::ceil(std::log2(n / Mean::n_groups))) : n);
  }
  // What an iteration tells: the error of nets falls about as the number of their points.
  double weight() const { return is_even_ ? 1.0 * n_ * n_ : n_; }

  int least_, n_, n_check_ = 0;
  bool is_even_;
  double weight_ = 0;
};

}  // namespace harness

#endif

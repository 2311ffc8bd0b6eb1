// Quasi-random normal points: a net of Sobol' (1967) spreads each coordinate, and each few of them, more evenly than
// independent points, so that means over it have a smaller error wherever few coordinates at a time matter.  Each net is
// scrambled anew (Matousek 1998: random linear maps of the digits and a random shift), so that a mean over one is
// unbiased, and means over several nets tell their own error (Owen 1997).
#ifndef HARNESS_NETS_HPP
#define HARNESS_NETS_HPP

#include "evidence.hpp"

#include <boost/math/special_functions/erf.hpp>

namespace harness {

// The direction numbers of a sequence: by coordinates, so many for each, with 32 binary digits.
class Directions {
 public:
  static constexpr int each = 12, most = 1 << each;  // of a net no more points than they tell apart

  Directions() = default;
  Directions(const std::vector<double>& numbers, int d) {
    if (numbers.size() != std::size_t(d) * each) {
      throw std::invalid_argument("the directions do not belong to " + std::to_string(d) + " parameters");
    }
    for (const double number : numbers) {
      words_.push_back(static_cast<std::uint64_t>(number) << 32);
    }
  }
  bool empty() const { return words_.empty(); }
  std::uint64_t of(int coordinate, int number) const { return words_[std::size_t(coordinate) * each + number]; }

 private:
  std::vector<std::uint64_t> words_;
};

// Of the standard normal.
inline double quantile(double probability) {
  using Plain = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  return -M_SQRT2 * boost::math::erfc_inv(2 * probability, Plain());
}

// A scrambled net of so many points.
class Net {
 public:
  Net() = default;
  Net(const Directions& directions, int d, int n, Random& random) : d_(d), now_(d) {
    while (n_digits_ < Directions::each && (1 << n_digits_) < n) {
      ++n_digits_;
    }
    for (int i = 0; i < d; ++i) {
      now_[i] = random();
      scramble(directions, i, random);
    }
  }

  // The points in Gray's order, of which each differs from the last by one direction (Antonov and Saleev 1979).
  Vector next() {
    Vector z(d_);
    for (int i = 0; i < d_; ++i) {
      z[i] = quantile((static_cast<double>(now_[i] >> 12) + 0.5) * 0x1p-52);
    }
    ++n_;
    int digit = 0;
    while (digit + 1 < n_digits_ && !(n_ >> digit & 1)) {
      ++digit;
    }
    for (int i = 0; n_digits_ > 0 && i < d_; ++i) {
      now_[i] ^= scrambled_[std::size_t(i) * n_digits_ + digit];
    }
    return z;
  }

 private:
  // A lower triangle of digits at random, with ones on its diagonal, times each direction.
  void scramble(const Directions& directions, int i, Random& random) {
    std::uint64_t columns[Directions::each];
    for (int k = 0; k < n_digits_; ++k) {
      const std::uint64_t first = std::uint64_t{1} << (63 - k);
      columns[k] = first | (random() & (first - 1));
    }
    for (int k = 0; k < n_digits_; ++k) {
      std::uint64_t word = 0;
      for (int digit = 0; digit <= k; ++digit) {
        word ^= directions.of(i, k) >> (63 - digit) & 1 ? columns[digit] : 0;
      }
      scrambled_.push_back(word);
    }
  }

  int d_ = 0, n_digits_ = 0;
  std::uint64_t n_ = 0;
  std::vector<std::uint64_t> now_, scrambled_;
};

// Normal points, in turn of several nets; without directions all are independent.
class Normals {
 public:
  Normals(const Directions& directions, int d, int n, Random& random, int n_nets)
      : directions_(directions), d_(d), n_nets_(n_nets), each_((n + n_nets - 1) / n_nets), random_(random) {}

  bool are_independent() const { return directions_.empty(); }
  Vector next() {
    if (are_independent()) {
      return normal(random_, d_);
    }
    const int at = n_ % n_nets_;
    if (n_++ / n_nets_ % Directions::most == 0) {  // the first of a net, or of one that goes on from a full one
      nets_.resize(n_nets_);
      nets_[at] = Net(directions_, d_, each_, random_);
    }
    return nets_[at].next();
  }

 private:
  const Directions& directions_;
  const int d_, n_nets_, each_;
  Random& random_;
  int n_ = 0;
  std::vector<Net> nets_;
};

}  // namespace harness

#endif

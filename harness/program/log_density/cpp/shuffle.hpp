// A random permutation that is computed, not kept: a Feistel network over the next power of four, whose cycles are
// walked until they are back in range (Black and Rogaway 2002).  Of ten million rows it takes no memory and no time.
#ifndef HARNESS_SHUFFLE_HPP
#define HARNESS_SHUFFLE_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace harness {

using Random = std::mt19937_64;

class Shuffle {
 public:
  Shuffle() = default;
  Shuffle(int n, Random& random) : n_(n) {
    while ((std::uint64_t{1} << (2 * half_)) < n_) {
      ++half_;
    }
    for (std::uint64_t& key : keys_) {
      key = random();
    }
  }

  int operator()(int i) const {
    std::uint64_t at = i;
    do {
      at = once(at);
    } while (at >= n_);
    return static_cast<int>(at);
  }
  // The images of the numbers from `from` to `to`, ascending.
  std::vector<int> sorted(std::int64_t from, std::int64_t to) const {
    std::vector<int> images;
    images.reserve(to - from);
    for (; from < to; ++from) {
      images.push_back((*this)(static_cast<int>(from)));
    }
    std::sort(images.begin(), images.end());
    return images;
  }

 private:
  std::uint64_t once(std::uint64_t at) const {
    const std::uint64_t mask = (std::uint64_t{1} << half_) - 1;
    std::uint64_t left = at >> half_, right = at & mask;
    for (const std::uint64_t key : keys_) {
      // what multiplies mixes upwards: the upper bits depend on all
      std::uint64_t mixed = (right + key) * 0x9e3779b97f4a7c15u;
      mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u;
      const std::uint64_t next = (left ^ (mixed >> 40)) & mask;
      left = right;
      right = next;
    }
    return left << half_ | right;
  }

  std::uint64_t n_ = 1;
  int half_ = 1;
  std::array<std::uint64_t, 8> keys_{};
};

}  // namespace harness

#endif

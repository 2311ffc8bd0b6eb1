// An endless stream of row numbers, independent or in random order epoch by epoch, in constant
// memory.  All randomness comes from the seed.  No Stan in here.
#ifndef RANDOM_ROWS_HPP
#define RANDOM_ROWS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace random_rows {

// xoshiro256** of Blackman and Vigna (2021), ACM Transactions on Mathematical Software 47(4), its
// state filled by SplitMix64 of Steele, Lea and Flood (2014), OOPSLA, as they advise.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t operator()() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // A whole number below n, all equally likely: Lemire (2019), ACM Transactions on Modeling and
  // Computer Simulation 29(1).
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = ((*this)() >> 32) * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t least = -n % n;
      while (static_cast<std::uint32_t>(product) < least) {
        product = ((*this)() >> 32) * n;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  static std::uint64_t rotate(std::uint64_t word, int n) { return (word << n) | (word >> (64 - n)); }

  std::array<std::uint64_t, 4> state_;
};

// A keyed permutation of the numbers from 0 to 2^bits - 1: an alternating Feistel network (Luby and
// Rackoff 1988, SIAM Journal on Computing 17(2)), whose halves may differ by one bit.
class Permutation {
 public:
  // Of at least n numbers, at least 4 and fewer than 2 n.
  Permutation(std::uint32_t n, Generator& generator) {
    int bits = 2;
    while (bits < 32 && (std::uint64_t{1} << bits) < n) {
      ++bits;
    }
    size_ = std::uint64_t{1} << bits;
    low_bits_ = bits / 2;
    low_mask_ = (std::uint32_t{1} << low_bits_) - 1;
    high_mask_ = (std::uint32_t{1} << (bits - low_bits_)) - 1;
    for (std::uint32_t& key : keys_) {
      key = static_cast<std::uint32_t>(generator() >> 32);
    }
  }

  std::uint64_t size() const { return size_; }

  std::uint32_t operator()(std::uint32_t number) const {
    std::uint32_t low = number & low_mask_;
    std::uint32_t high = number >> low_bits_;
    for (std::size_t i = 0; i < n_rounds; i += 2) {
      low ^= mix(high + keys_[i]) & low_mask_;
      high ^= mix(low + keys_[i + 1]) & high_mask_;
    }
    return (high << low_bits_) | low;
  }

 private:
  static constexpr std::size_t n_rounds = 6;

  // Multiplicative hashing, its high bits folded into the low ones: six rounds leave no pattern.
  static std::uint32_t mix(std::uint32_t word) {
    word *= 0x9e3779b1;
    return word ^ (word >> 16);
  }

  std::uint64_t size_;
  int low_bits_;
  std::uint32_t low_mask_;
  std::uint32_t high_mask_;
  std::array<std::uint32_t, n_rounds> keys_;
};

// Of the `n` numbers from `begin` on, the images under a permutation.
using Images = void (*)(Permutation permutation, std::uint32_t begin, std::size_t n,
                        std::uint32_t* images);

inline void images_portable(Permutation permutation, std::uint32_t begin, std::size_t n,
                            std::uint32_t* images) {
  for (std::size_t i = 0; i < n; ++i) {
    images[i] = permutation(begin + static_cast<std::uint32_t>(i));
  }
}

#if defined(__x86_64__)

// The same, for eight numbers at a time.
[[gnu::target("avx2")]] inline void images_avx2(Permutation permutation, std::uint32_t begin,
                                                std::size_t n, std::uint32_t* images) {
  for (std::size_t i = 0; i < n; ++i) {
    images[i] = permutation(begin + static_cast<std::uint32_t>(i));
  }
}

inline Images widest_images() {
  return __builtin_cpu_supports("avx2") ? images_avx2 : images_portable;
}

#else

inline Images widest_images() { return images_portable; }

#endif

// Row numbers below n_rows, drawn in runs of `run_length` neighbours (the last run may be shorter):
// runs of four rows lie in one line of the processor's cache.  Without replacement an epoch is a
// permutation of all runs, walked from its start; its end and the start of the next, under another
// key, may share a batch.
class Stream {
 public:
  Stream(std::uint32_t n_rows, std::uint32_t run_length, bool without_replacement,
         std::uint64_t seed)
      : n_rows_(n_rows),
        run_length_(run_length),
        n_runs_((n_rows - 1) / run_length + 1),
        without_replacement_(without_replacement),
        generator_(seed),
        permutation_(n_runs_, generator_) {}

  // Hands out the next `n` numbers, which last until the next call; `n` more lie behind them, which
  // the next call will hand out.
  const std::uint32_t* take(std::size_t n) {
    if (first_ + 2 * n > ready_.size()) {
      refill(2 * n);
    }
    const std::uint32_t* const taken = ready_.data() + first_;
    first_ += n;
    return taken;
  }

 private:
  static constexpr std::size_t stretch = 256;

  void refill(std::size_t n) {
    ready_.erase(ready_.begin(), ready_.begin() + first_);
    first_ = 0;
    while (ready_.size() < n) {
      without_replacement_ ? walk() : draw();
    }
  }

  void draw() {
    for (std::size_t i = 0; i < stretch; ++i) {
      push(generator_.below(n_runs_));
    }
  }

  // Goes on through the permutation; numbers that no run has are left out.
  void walk() {
    if (position_ == permutation_.size()) {
      permutation_ = Permutation(n_runs_, generator_);
      position_ = 0;
    }
    static const Images images_of = widest_images();
    std::array<std::uint32_t, stretch> images;
    const std::size_t n = std::min<std::uint64_t>(stretch, permutation_.size() - position_);
    images_of(permutation_, static_cast<std::uint32_t>(position_), n, images.data());
    position_ += n;
    for (std::size_t i = 0; i < n; ++i) {
      if (images[i] < n_runs_) {
        push(images[i]);
      }
    }
  }

  void push(std::uint32_t run) {
    const std::uint32_t begin = run * run_length_;
    const std::uint32_t end = std::min(n_rows_, begin + run_length_);
    for (std::uint32_t row = begin; row < end; ++row) {
      ready_.push_back(row);
    }
  }

  std::uint32_t n_rows_;
  std::uint32_t run_length_;
  std::uint32_t n_runs_;
  bool without_replacement_;
  Generator generator_;
  Permutation permutation_;
  std::uint64_t position_ = 0;
  std::vector<std::uint32_t> ready_;
  std::size_t first_ = 0;
};

}  // namespace random_rows

#endif

// The Stan-free headers of the programs that read rows from a file, for ctypes.
#include "minibatch_sum.hpp"

#include <cstdio>
#include <cstring>

namespace {

// Runs what may throw; returns the message, which lasts until the next call, or null.
template <typename Call>
const char* told(const Call& call) {
  static char message[2000];
  try {
    call();
    return nullptr;
  } catch (const std::exception& error) {
    std::snprintf(message, sizeof message, "%s", error.what());
    return message;
  }
}

npy::Rows* rows = nullptr;
npy::Summary summary;
minibatch::Sum* batches = nullptr;

}  // namespace

extern "C" {

const char* open_file(const char* path, std::uint64_t size, std::uint64_t mtime_ns,
                      std::uint64_t inode, std::int64_t n_rows,
                      std::int64_t max_mapped) {
  return told([&] {
    delete rows;
    rows = nullptr;
    rows = new npy::Rows(path, {size, mtime_ns, inode}, n_rows, max_mapped);
    summary = npy::summary_of(*rows);
  });
}

int is_mapped() { return rows->is_mapped(); }

// Means, centred squares, centred product.
void file_summary(double* out) {
  const double values[] = {summary.mean[0], summary.mean[1], summary.square[0], summary.square[1],
                           summary.product};
  std::memcpy(out, values, sizeof values);
}

const char* file_sum(const double* theta, double* slopes, double* sum) {
  return told([&] { *sum = npy::log1p_exp_sum(*rows, theta[0], theta + 1, slopes); });
}

const char* file_moments(const double* theta, double* sums) {
  return told([&] {
    const fused::Moments moments = npy::log1p_exp_moments(*rows, theta);
    std::memcpy(sums, moments.sums.data(), sizeof moments.sums);
  });
}

void gather(const std::uint32_t* indices, std::int64_t n, double* to) {
  rows->gather(indices, n, to);
}

void open_batches(std::int64_t batch_size, std::uint32_t run_length, std::uint64_t seed,
                  int without_replacement, std::int64_t anchor_after) {
  delete batches;
  batches = new minibatch::Sum(
      *rows, summary, {batch_size, run_length, seed, without_replacement != 0, anchor_after});
}

// Estimates at one theta, n of them: sums, and slopes three by three.
const char* batch_sums(const double* theta, std::int64_t n, double* sums, double* slopes) {
  return told([&] {
    for (std::int64_t i = 0; i < n; ++i) {
      sums[i] = (*batches)(theta, slopes + 3 * i);
    }
  });
}

void stream(std::uint32_t n_rows, std::uint32_t run_length, int without_replacement,
            std::uint64_t seed, std::int64_t batch_size, std::int64_t n_batches,
            std::uint32_t* numbers) {
  random_rows::Stream source(n_rows, run_length, without_replacement != 0, seed);
  for (std::int64_t i = 0; i < n_batches; ++i) {
    std::memcpy(numbers + i * batch_size, source.take(batch_size),
                batch_size * sizeof *numbers);
  }
}

// The images of all numbers of a permutation's domain, whose size is returned; at most n_most.
std::uint64_t permute(std::uint32_t n, std::uint64_t seed, std::uint64_t n_most,
                      std::uint32_t* images) {
  random_rows::Generator generator(seed);
  const random_rows::Permutation permutation(n, generator);
  const std::size_t n_images = std::min(permutation.size(), n_most);
  random_rows::widest_images()(permutation, 0, n_images, images);
  for (std::size_t i = 0; i < n_images; ++i) {
    if (images[i] != permutation(static_cast<std::uint32_t>(i))) {
      return 0;
    }
  }
  return permutation.size();
}

void below(std::uint32_t n, std::uint64_t seed, std::int64_t n_draws, std::uint32_t* draws) {
  random_rows::Generator generator(seed);
  for (std::int64_t i = 0; i < n_draws; ++i) {
    draws[i] = generator.below(n);
  }
}

void words(std::uint64_t seed, std::int64_t n, std::uint64_t* words) {
  random_rows::Generator generator(seed);
  for (std::int64_t i = 0; i < n; ++i) {
    words[i] = generator();
  }
}
}

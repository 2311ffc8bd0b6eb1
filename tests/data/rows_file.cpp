// The Stan-free headers of the programs that read rows from a file, for ctypes.
#include "file_sums.hpp"

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

// Means and centred squares.
void file_summary(double* out) {
  const double values[] = {summary.mean[0], summary.mean[1], summary.square[0], summary.square[1]};
  std::memcpy(out, values, sizeof values);
}

const char* file_sum(const double* theta, double* slopes, double* sum) {
  return told([&] { *sum = npy::log1p_exp_sum(*rows, theta[0], theta + 1, slopes); });
}

// Copies all rows, one behind the other.
void file_rows(double* to) {
  rows->for_blocks([&](const double* block, std::int64_t n) {
    std::memcpy(to, block, n * npy::row_bytes);
    to += n * npy::n_columns;
  });
}
}

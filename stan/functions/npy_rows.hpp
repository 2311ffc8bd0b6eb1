// Rows of two doubles in a file that NumPy wrote (.npy), read where they lie.  No Stan in here.
//
// A file of up to `max_mapped_bytes` is mapped into memory and stays there; of a larger one no page
// is kept: it is read with pread, a block at a time, so that memory stays bounded.  The
// file must be the one that was checked before the run: its size, its time of modification and its
// inode are compared when it is opened and again and again while it is used.
#ifndef NPY_ROWS_HPP
#define NPY_ROWS_HPP

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace npy {

constexpr std::ptrdiff_t n_columns = 2;
constexpr std::ptrdiff_t row_bytes = n_columns * sizeof(double);
constexpr std::ptrdiff_t block_rows = 4096;
#if defined(MAP_POPULATE)
constexpr int at_once = MAP_POPULATE;  // all pages are used soon: one call, not a fault for each
#else
constexpr int at_once = 0;
#endif
constexpr std::int64_t max_mapped_bytes = std::int64_t{1} << 28;

struct Identity {
  std::uint64_t size;
  std::uint64_t mtime_ns;
  std::uint64_t inode;

  bool operator==(const Identity& other) const {
    return size == other.size && mtime_ns == other.mtime_ns && inode == other.inode;
  }
};

inline Identity identity_of(const struct stat& status) {
#if defined(__APPLE__)
  const timespec& mtime = status.st_mtimespec;
#else
  const timespec& mtime = status.st_mtim;
#endif
  return {static_cast<std::uint64_t>(status.st_size),
          static_cast<std::uint64_t>(mtime.tv_sec) * 1000000000u + mtime.tv_nsec,
          static_cast<std::uint64_t>(status.st_ino)};
}

// A mapping that loses its pages because the file is cut short gives a signal, not an error code:
// the process then ends with a line of its own.
struct Guard {
  const char* begin = nullptr;
  const char* end = nullptr;
  char message[1200] = "";
};

inline Guard& guard() {
  static Guard only;
  return only;
}

inline void on_lost_page(int signal, siginfo_t* info, void*) {
  const char* const place = static_cast<const char*>(info->si_addr);
  if (place < guard().begin || place >= guard().end) {
    std::signal(signal, SIG_DFL);  // not ours: it is raised again on return
    return;
  }
  const ssize_t written = write(STDERR_FILENO, guard().message, std::strlen(guard().message));
  _exit(written < 0 ? 2 : 1);
}

inline void watch(const char* begin, std::size_t n_bytes, const std::string& message) {
  guard().begin = begin;
  guard().end = begin + n_bytes;
  std::snprintf(guard().message, sizeof guard().message, "Exception: %s\n", message.c_str());
  struct sigaction action {};
  action.sa_sigaction = on_lost_page;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

class Rows {
 public:
  Rows(const std::string& path, const Identity& identity, std::int64_t n_rows,
       std::int64_t max_mapped = max_mapped_bytes)
      : path_(path), identity_(identity), n_rows_(n_rows), file_(open(path.c_str(), O_RDONLY)) {
    try {
      check_unchanged();
      read_header();
      map(max_mapped);
    } catch (...) {
      close_all();
      throw;
    }
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { close_all(); }

  std::int64_t size() const { return n_rows_; }
  bool is_mapped() const { return mapping_ != nullptr; }

  // Throws unless the path still leads to the file as it was when it was checked.
  void check_unchanged() const {
    struct stat status {};
    if (file_ < 0 || stat(path_.c_str(), &status) != 0) {
      fail(std::string("cannot be opened: ") + std::strerror(errno));
    }
    const Identity now = identity_of(status);
    if (now.size < identity_.size) {
      fail("was cut from " + std::to_string(identity_.size) + " to " + std::to_string(now.size)
           + " bytes since it was checked; run the study again");
    }
    if (!(now == identity_)) {
      fail("was changed or replaced since it was checked; run the study again");
    }
  }

  // Calls use(rows, n) with the rows from the first to the last, as they lie in the file.
  template <typename Use>
  void for_blocks(const Use& use) const {
    std::vector<double> buffer(is_mapped() ? 0 : n_columns * block_rows);
    for (std::int64_t begin = 0; begin < n_rows_; begin += block_rows) {
      const std::int64_t n = std::min<std::int64_t>(block_rows, n_rows_ - begin);
      if (!is_mapped()) {
        read(buffer.data(), n * row_bytes, begin);
      }
      use(is_mapped() ? mapped_row(begin) : buffer.data(), n);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& complaint) const {
    throw std::runtime_error("rows file '" + path_ + "' " + complaint);
  }

  const double* mapped_row(std::int64_t row) const {
    return reinterpret_cast<const double*>(mapping_ + header_bytes_) + n_columns * row;
  }

  void read(double* to, std::size_t n_bytes, std::int64_t row) const {
    read_bytes(reinterpret_cast<char*>(to), n_bytes, header_bytes_ + row * row_bytes);
  }

  void read_bytes(char* to, std::size_t n_bytes, std::int64_t offset) const {
    while (n_bytes > 0) {
      const ssize_t n = pread(file_, to, n_bytes, offset);
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        fail(n < 0 ? std::string("cannot be read: ") + std::strerror(errno)
                   : "is cut short; write it again");
      }
      to += n;
      offset += n;
      n_bytes -= n;
    }
  }

  // The text of a value in the header's dictionary, up to the comma or bracket behind it.
  std::string header_value(const std::string& header, const std::string& key) const {
    const std::size_t found = header.find("'" + key + "':");
    if (found == std::string::npos) {
      fail("is not a .npy file: its header has no '" + key + "'");
    }
    const std::size_t begin = header.find_first_not_of(' ', found + key.size() + 3);
    const bool in_brackets = begin != std::string::npos && header[begin] == '(';
    const std::size_t end = header.find_first_of(in_brackets ? ")" : ",}", begin);
    if (end == std::string::npos) {
      fail("is not a .npy file: its header is broken");
    }
    return header.substr(begin, end - begin + in_brackets);
  }

  void require(const std::string& header, const std::string& key, const std::string& wanted) const {
    const std::string found = header_value(header, key);
    if (found != wanted) {
      fail("has " + key + " " + found + ", where " + wanted + " is needed");
    }
  }

  // https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
  void read_header() {
    unsigned char start[12];
    read_bytes(reinterpret_cast<char*>(start), sizeof start, 0);
    if (std::memcmp(start, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3) {
      fail("is not a .npy file");
    }
    const bool is_short = start[6] == 1;
    const std::uint64_t n_bytes = is_short
                                      ? start[8] + 256u * start[9]
                                      : start[8] + 256u * start[9] + 65536u * start[10]
                                            + 16777216u * std::uint64_t{start[11]};
    header_bytes_ = (is_short ? 10 : 12) + n_bytes;
    if (header_bytes_ > identity_.size) {
      fail("is cut short; write it again");
    }
    std::string header(n_bytes, ' ');
    read_bytes(header.data(), n_bytes, is_short ? 10 : 12);
    require(header, "descr", "'<f8'");
    require(header, "fortran_order", "False");
    require(header, "shape",
            "(" + std::to_string(n_rows_) + ", " + std::to_string(n_columns) + ")");
    const std::uint64_t needed = header_bytes_ + n_rows_ * row_bytes;
    if (identity_.size < needed) {
      fail("is cut short: it has " + std::to_string(identity_.size) + " of "
           + std::to_string(needed) + " bytes; write it again");
    }
    if (header_bytes_ % alignof(double) != 0) {
      fail("has rows that are not aligned; write it again with NumPy");
    }
  }

  void map(std::int64_t max_mapped) {
    if (n_rows_ == 0 || identity_.size > static_cast<std::uint64_t>(max_mapped)) {
      return;
    }
    void* const place
        = mmap(nullptr, identity_.size, PROT_READ, MAP_SHARED | at_once, file_, 0);
    if (place == MAP_FAILED) {
      return;  // pread does it too
    }
    mapping_ = static_cast<const char*>(place);
    watch(mapping_, identity_.size, "rows file '" + path_ + "' was cut short while it was read");
  }

  void close_all() {
    if (mapping_ != nullptr) {
      munmap(const_cast<char*>(mapping_), identity_.size);
    }
    if (file_ >= 0) {
      close(file_);
    }
  }

  std::string path_;
  Identity identity_;
  std::int64_t n_rows_;
  int file_;
  std::uint64_t header_bytes_ = 0;
  const char* mapping_ = nullptr;
};

}  // namespace npy

#endif

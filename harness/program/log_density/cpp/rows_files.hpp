// Rows of data variables in files that NumPy wrote: read where they are asked for, never held.  No Stan in here.
//
// A manifest that the harness writes says which files, and how they were when it looked: a file that differs later ends
// the process, since the optimisers take an exception for a point without a density.
#ifndef HARNESS_ROWS_FILES_HPP
#define HARNESS_ROWS_FILES_HPP

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness {

// A line of the manifest: kind of number (d, f, i, l), bytes before the first row, size of the file, its time of
// modification in ns, its inode, the number of further dimensions, these, the variable's name and the path.
class RowsFile {
 public:
  explicit RowsFile(const std::string& line) {
    std::istringstream words(line);
    std::size_t n_dimensions = 0;
    words >> kind_ >> offset_ >> size_ >> mtime_ns_ >> inode_ >> n_dimensions;
    behind.resize(n_dimensions);
    for (std::size_t& dimension : behind) {
      words >> dimension;
      n_per_row *= dimension;
    }
    words >> name;
    words.get();
    std::getline(words, path_);
    file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    check_unchanged();
  }
  RowsFile(const RowsFile&) = delete;
  RowsFile& operator=(const RowsFile&) = delete;
  ~RowsFile() { close(file_); }

  bool is_integer() const { return kind_ == 'i' || kind_ == 'l'; }
  std::size_t row_bytes() const { return n_per_row * (kind_ == 'd' || kind_ == 'l' ? 8 : 4); }

  // The rows' numbers in Stan's order: the row's number runs fastest, then the further dimensions from the first.
  template <typename To>
  std::vector<To> read(const std::vector<int>& rows) const {
    std::vector<To> to(rows.size() * n_per_row);
    switch (kind_) {
      case 'd': read_as<double>(rows, to); break;
      case 'f': read_as<float>(rows, to); break;
      case 'i': read_as<std::int32_t>(rows, to); break;
      default: read_as<std::int64_t>(rows, to);
    }
    return to;
  }

  std::string name;
  std::vector<std::size_t> behind;
  std::size_t n_per_row = 1;

 private:
  static constexpr std::size_t buffer_bytes = 1 << 20;

  template <typename From, typename To>
  void read_as(const std::vector<int>& rows, std::vector<To>& to) const {
    if (n_read_++ % 64 == 0) {
      check_unchanged();
    }
    const std::vector<std::size_t> places = places_in_stan();
    const std::size_t most = std::max<std::size_t>(1, buffer_bytes / std::max<std::size_t>(1, row_bytes()));
    std::vector<From> buffer;
    for (std::size_t i = 0; i < rows.size();) {
      std::size_t n = 1;  // neighbours are read together
      while (i + n < rows.size() && n < most && rows[i + n] == rows[i] + static_cast<int>(n)) {
        ++n;
      }
      buffer.resize(n * n_per_row);
      read_bytes(reinterpret_cast<char*>(buffer.data()), n * row_bytes(), offset_ + rows[i] * row_bytes());
      for (std::size_t k = 0; k < n_per_row; ++k) {
        To* const column = to.data() + places[k] * rows.size() + i;
        for (std::size_t row = 0; row < n; ++row) {
          column[row] = static_cast<To>(buffer[row * n_per_row + k]);
        }
      }
      i += n;
    }
  }
  // Of each number of a row, as it lies in the file (the last dimension fastest), its place where the first is fastest.
  std::vector<std::size_t> places_in_stan() const {
    std::vector<std::size_t> places(n_per_row, 0);
    for (std::size_t k = 0; k < n_per_row; ++k) {
      std::size_t rest = k, stride = n_per_row;
      for (std::size_t dimension = behind.size(); dimension-- > 0;) {
        stride /= behind[dimension];
        places[k] += rest % behind[dimension] * stride;
        rest /= behind[dimension];
      }
    }
    return places;
  }
  void read_bytes(char* to, std::size_t n_bytes, std::int64_t from) const {
    while (n_bytes > 0) {
      const ssize_t n = pread(file_, to, n_bytes, from);
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        end(n < 0 ? std::string("cannot be read: ") + std::strerror(errno) : "was cut short while it was read");
      }
      to += n;
      from += n;
      n_bytes -= n;
    }
  }
  void check_unchanged() const {
    struct stat status {};
    if (file_ < 0 || stat(path_.c_str(), &status) != 0) {
      end(std::string("cannot be opened: ") + std::strerror(errno));
    }
#if defined(__APPLE__)
    const timespec& mtime = status.st_mtimespec;
#else
    const timespec& mtime = status.st_mtim;
#endif
    const std::uint64_t mtime_ns = std::uint64_t(mtime.tv_sec) * 1000000000u + mtime.tv_nsec;
    if (std::uint64_t(status.st_size) != size_ || mtime_ns != mtime_ns_ || std::uint64_t(status.st_ino) != inode_) {
      end("was changed or replaced since it was checked; run it again");
    }
  }
  [[noreturn]] void end(const std::string& complaint) const {
    std::fprintf(stderr, "rows file '%s' %s\n", path_.c_str(), complaint.c_str());
    std::fflush(stderr);
    std::_Exit(1);
  }

  char kind_ = 'd';
  std::int64_t offset_ = 0;
  std::uint64_t size_ = 0, mtime_ns_ = 0, inode_ = 0;
  std::string path_;
  int file_ = -1;
  mutable std::uint64_t n_read_ = 0;
};

class RowsFiles {
 public:
  // The manifest's first line has the number of the axis and of its rows.
  explicit RowsFiles(const char* manifest) {
    std::ifstream lines(manifest);
    std::string line;
    std::getline(lines, line);
    std::istringstream(line) >> axis >> n_rows;
    while (std::getline(lines, line)) {
      files_.push_back(std::make_unique<RowsFile>(line));
    }
    if (files_.empty()) {
      throw std::invalid_argument(std::string("the list of rows files '") + manifest + "' cannot be read");
    }
  }
  const RowsFile* find(const std::string& name) const {
    for (const auto& file : files_) {
      if (file->name == name) {
        return file.get();
      }
    }
    return nullptr;
  }
  std::size_t row_bytes() const {
    std::size_t sum = 0;
    for (const auto& file : files_) {
      sum += file->n_per_row * 8;
    }
    return std::max<std::size_t>(1, sum);
  }
  std::vector<std::string> names(bool integers) const {
    std::vector<std::string> found;
    for (const auto& file : files_) {
      if (file->is_integer() == integers) {
        found.push_back(file->name);
      }
    }
    return found;
  }

  int axis = 0, n_rows = 0;

 private:
  std::vector<std::unique_ptr<RowsFile>> files_;
};

}  // namespace harness

#endif

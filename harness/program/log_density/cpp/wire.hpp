// Messages between the process of a program and whoever asks: a text and numbers, over two pipes.
#ifndef HARNESS_WIRE_HPP
#define HARNESS_WIRE_HPP

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <streambuf>
#include <vector>

namespace harness {

struct Message {
  std::string text;
  std::vector<double> numbers;
};

class Wire {
 public:
  Wire(int in, int out) : in_(in), out_(out) {}

  // False at the end: whoever asked is gone.
  bool receive(Message& message) const {
    std::uint64_t sizes[2];
    if (!read_all(sizes, sizeof sizes)) {
      return false;
    }
    message.text.resize(sizes[0]);
    message.numbers.resize(sizes[1]);
    return read_all(message.text.data(), sizes[0]) && read_all(message.numbers.data(), 8 * sizes[1]);
  }
  void send(const Message& message) const {
    const std::uint64_t sizes[2] = {message.text.size(), message.numbers.size()};
    write_all(sizes, sizeof sizes);
    write_all(message.text.data(), sizes[0]);
    write_all(message.numbers.data(), 8 * sizes[1]);
  }

 private:
  bool read_all(void* to, std::size_t size) const {
    for (char* at = static_cast<char*>(to); size > 0;) {
      const ssize_t n = ::read(in_, at, size);
      if (n == 0 || (n < 0 && errno != EINTR)) {
        return false;
      }
      at += n > 0 ? n : 0;
      size -= n > 0 ? n : 0;
    }
    return true;
  }
  void write_all(const void* from, std::size_t size) const {
    for (const char* at = static_cast<const char*>(from); size > 0;) {
      const ssize_t n = ::write(out_, at, size);
      if (n < 0 && errno != EINTR) {
        std::_Exit(0);  // nobody listens any more
      }
      at += n > 0 ? n : 0;
      size -= n > 0 ? n : 0;
    }
  }

  int in_, out_;
};

// A request: a command, then words `name=value`.
class Request {
 public:
  explicit Request(Message message) : numbers(std::move(message.numbers)) {
    std::size_t from = 0;
    for (std::size_t to = 0; to != std::string::npos; from = to + 1) {
      to = message.text.find(' ', from);
      const std::string word = message.text.substr(from, to == std::string::npos ? to : to - from);
      const std::size_t equals = word.find('=');
      if (from == 0) {
        command = word;
      } else if (equals != std::string::npos) {
        words_[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
  }
  double number(const std::string& name, double otherwise) const {
    const auto found = words_.find(name);
    if (found == words_.end()) {
      return otherwise;
    }
    char* end = nullptr;
    const double value = std::strtod(found->second.c_str(), &end);
    if (found->second.empty() || *end) {
      throw std::invalid_argument(name + " is '" + found->second + "', which is no number");
    }
    return value;
  }
  int integer(const std::string& name, int otherwise = 0) const { return static_cast<int>(number(name, otherwise)); }

  std::string command;
  std::vector<double> numbers;

 private:
  std::map<std::string, std::string> words_;
};

// What a program prints, up to a size: one line per evaluation would fill any memory.
class Told final : public std::streambuf {
 public:
  const std::string& text() const { return text_; }

 protected:
  int overflow(int c) override {
    const char one = static_cast<char>(c);
    xsputn(&one, 1);
    return c;
  }
  std::streamsize xsputn(const char* from, std::streamsize size) override {
    const std::size_t room = limit - std::min(limit, text_.size());
    text_.append(from, std::min<std::size_t>(room, size));
    if (static_cast<std::size_t>(size) > room && !cut_) {
      cut_ = true;
      text_ += "\n[more was printed]\n";
    }
    return size;
  }

 private:
  static constexpr std::size_t limit = 1 << 16;
  std::string text_;
  bool cut_ = false;
};

}  // namespace harness

#endif

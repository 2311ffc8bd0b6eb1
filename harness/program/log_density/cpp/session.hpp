// What commands work with: the target, its threads, and the partitions of its rows.
#ifndef HARNESS_SESSION_HPP
#define HARNESS_SESSION_HPP

#include "target.hpp"
#include "wire.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

namespace harness {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Rows in blocks: each gathered once, in the order of the data within.
struct Partition {
  int axis = 0;
  std::vector<std::unique_ptr<Block>> blocks;
};

class Session {
 public:
  Session(const Target& target, Wire wire) : target(target), wire(wire) {}

  const Target& target;
  const Wire wire;  // for what a long command tells on its way: texts that begin with "note "
  std::map<int, Partition> partitions;

  // The axis that a request names, by its number.
  int axis_of(const Request& request) const {
    const int axis = request.integer("axis");
    if (axis < 0 || axis >= target.n_axes()) {
      throw std::invalid_argument("there is no axis " + std::to_string(axis));
    }
    return axis;
  }
};

// What went wrong at points, each cause once, and what the program printed.
class Account {
 public:
  void add(std::string cause) {
    std::replace(cause.begin(), cause.end(), '\n', ' ');
    const std::lock_guard<std::mutex> lock(mutex_);
    ++n_failed_;
    if (causes_.size() < 20) {
      ++causes_[cause];
    }
  }
  void add_printed(const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    printed_ += text;
  }
  // The head of a reply; a line for each cause and how often it was; what was printed.
  std::string reply() const {
    std::string text = "ok failed=" + std::to_string(n_failed_) + "\n";
    for (const auto& [cause, n] : causes_) {
      text += std::to_string(n) + " " + cause + "\n";
    }
    return text + "printed\n" + printed_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> causes_;
  std::string printed_;
  long n_failed_ = 0;
};

// Does item i and prints to `told`; what it throws is that item's failure.
using Work = std::function<void(int i, std::ostream& told)>;

// Works on items [0, n) in so many threads, each with a Work of its own.
inline void each(const Session& session, int n, int n_threads, Account& account, const std::function<Work()>& begin) {
  n_threads = session.target.has_threads() ? std::max(1, std::min(n_threads, n)) : 1;
  const auto run = [&](int thread) {
    const auto guard = thread > 0 ? session.target.join_thread() : nullptr;
    Told buffer;
    std::ostream told(&buffer);
    Work work;
    try {
      work = begin();
    } catch (const std::exception& e) {
      account.add(e.what());
      return;
    }
    // neighbours go to one thread: their points lie side by side
    const int from = std::int64_t(n) * thread / n_threads, to = std::int64_t(n) * (thread + 1) / n_threads;
    for (int i = from; i < to; ++i) {
      try {
        work(i, told);
      } catch (const std::exception& e) {
        account.add(e.what());
      }
    }
    account.add_printed(buffer.text());
  };
  std::vector<std::thread> threads;
  for (int thread = 1; thread < n_threads; ++thread) {
    threads.emplace_back(run, thread);
  }
  run(0);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace harness

#endif

// Rows in a file for Stan: the user header of the programs that include gmm_file.stanfunctions.
#ifndef GMM_FILE_HPP
#define GMM_FILE_HPP

#include <stan/model/model_header.hpp>

#include "file_sums.hpp"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace open_rows {

struct File {
  npy::Rows rows;
  npy::Summary summary;
};

// Files and what is made of them are known to a Stan program by their number.
inline std::vector<std::unique_ptr<File>>& files() {
  static std::vector<std::unique_ptr<File>> all;
  return all;
}

inline constexpr std::size_t n_digits = 3;

// A whole number from three digits of 30 bits, the lowest first.
inline std::uint64_t whole(const std::vector<int>& digits, std::size_t first) {
  std::uint64_t number = 0;
  for (std::size_t i = n_digits; i-- > 0;) {
    number = (number << 30) | static_cast<std::uint64_t>(digits[first + i]);
  }
  return number;
}

// Ends the process where a file fails during a run.  Stan's algorithms take an exception there for
// a point without a density, and go on.
template <typename Call>
auto or_stop(const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", error.what());
    std::fflush(stderr);
    _exit(1);
  }
}

// A sum over rows as Stan wants it: `slopes` are its derivatives by alpha and each of beta.
template <typename Alpha, typename Beta, typename Sum>
stan::return_type_t<Alpha, Beta> with_slopes(const Alpha& alpha, const Beta& beta, const Sum& sum) {
  stan::math::check_size_match("rows file", "Columns of ", "rows", npy::n_columns, "size of ",
                               "beta", beta.size());
  const auto& beta_ref = stan::math::to_ref(beta);
  const Eigen::VectorXd beta_values = stan::math::value_of(beta_ref);
  const double theta[3] = {stan::math::value_of(alpha), beta_values[0], beta_values[1]};
  double slopes[3];
  const double value = or_stop([&] { return sum(theta, slopes); });
  auto operands = stan::math::make_partials_propagator(alpha, beta_ref);
  if constexpr (!stan::is_constant_all<Alpha>::value) {
    stan::math::partials<0>(operands)[0] = slopes[0];
  }
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<1>(operands) = Eigen::Vector2d(slopes[1], slopes[2]);
  }
  return operands.build(value);
}

}  // namespace open_rows

// Opens a file of n_rows rows and returns its number.  `rows_file` holds the file's size, time of
// modification in ns and inode, each in three digits of 30 bits, then the bytes of its path, then
// zeros.
inline int open_rows_file(const std::vector<int>& rows_file, int n_rows, std::ostream*) {
  using open_rows::n_digits, open_rows::whole;
  std::string path;
  for (std::size_t i = 3 * n_digits; i < rows_file.size() && rows_file[i] != 0; ++i) {
    path += static_cast<char>(rows_file[i]);
  }
  const npy::Identity identity{whole(rows_file, 0), whole(rows_file, n_digits),
                               whole(rows_file, 2 * n_digits)};
  auto& files = open_rows::files();
  files.push_back(std::unique_ptr<open_rows::File>(new open_rows::File{{path, identity, n_rows}, {}}));
  files.back()->summary = npy::summary_of(files.back()->rows);
  return static_cast<int>(files.size()) - 1;
}

// The rows' mean, and behind it the sum of their squared distances from it.
inline Eigen::VectorXd rows_file_summary(int file, std::ostream*) {
  const npy::Summary& summary = open_rows::files().at(file)->summary;
  return Eigen::Vector3d(summary.mean[0], summary.mean[1], summary.square[0] + summary.square[1]);
}

// Sum over all rows of log1p_exp(alpha + row * beta).
template <typename Alpha, typename Beta>
stan::return_type_t<Alpha, Beta> log1p_exp_file_sum(int file, const Alpha& alpha, const Beta& beta,
                                                    std::ostream*) {
  const npy::Rows& rows = open_rows::files().at(file)->rows;
  return open_rows::with_slopes(alpha, beta, [&](const double* theta, double* slopes) {
    return npy::log1p_exp_sum(rows, theta[0], theta + 1, slopes);
  });
}

#endif

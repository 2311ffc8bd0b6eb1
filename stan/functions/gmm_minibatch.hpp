// Random batches of a file's rows for Stan: the user header of the programs that include
// gmm_minibatch.stanfunctions.
#ifndef GMM_MINIBATCH_HPP
#define GMM_MINIBATCH_HPP

#include "gmm_file.hpp"
#include "minibatch_sum.hpp"

namespace open_rows {

inline std::vector<std::unique_ptr<minibatch::Sum>>& batches() {
  static std::vector<std::unique_ptr<minibatch::Sum>> all;
  return all;
}

}  // namespace open_rows

// Starts a stream of batches of a file's rows and returns its number.  The stream is one for the
// whole process: only a method that runs in a single thread has its order from the seed.
inline int open_batches(int file, int batch_size, int run_length, int seed,
                        int without_replacement, int anchor_after, std::ostream*) {
  const open_rows::File& opened = *open_rows::files().at(file);
  stan::math::check_bounded("open_batches", "batch_size", batch_size, std::int64_t{1},
                            opened.rows.size());
  const minibatch::Settings settings{batch_size, static_cast<std::uint32_t>(run_length),
                                     static_cast<std::uint64_t>(seed), without_replacement != 0,
                                     anchor_after};
  auto& all = open_rows::batches();
  all.push_back(std::make_unique<minibatch::Sum>(opened.rows, opened.summary, settings));
  return static_cast<int>(all.size()) - 1;
}

// Estimates the sum over all rows of log(2 cosh((alpha + row * beta) / 2)) from the next batch.
template <typename Alpha, typename Beta>
stan::return_type_t<Alpha, Beta> log_2_cosh_batch_sum(int batches, const Alpha& alpha,
                                                      const Beta& beta, std::ostream*) {
  minibatch::Sum& sum = *open_rows::batches().at(batches);
  return open_rows::with_slopes(alpha, beta, [&](const double* theta, double* slopes) {
    return sum(theta, slopes);
  });
}

#endif

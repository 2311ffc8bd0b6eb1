// log1p_exp_sum for Stan: the user header of the programs that include gmm_fused.stanfunctions.
#ifndef GMM_FUSED_HPP
#define GMM_FUSED_HPP

#include <stan/model/model_header.hpp>

#include "log1p_exp_sum.hpp"

#include <ostream>

// Sum over rows of log1p_exp(alpha + x * beta).  `x` is data and is read where it lies.
template <typename Alpha, typename Beta>
stan::return_type_t<Alpha, Beta> log1p_exp_sum(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                               const Alpha& alpha, const Beta& beta,
                                               std::ostream*) {
  stan::math::check_size_match("log1p_exp_sum", "Columns of ", "x", x.cols(), "size of ", "beta",
                               beta.size());
  const auto& beta_ref = stan::math::to_ref(beta);
  const Eigen::VectorXd beta_values = stan::math::value_of(beta_ref);
  Eigen::VectorXd slopes(1 + x.cols());
  const double sum = fused::log1p_exp_sum({x.data(), x.rows(), x.cols(), x.outerStride()},
                                          stan::math::value_of(alpha), beta_values.data(),
                                          slopes.data());
  auto operands = stan::math::make_partials_propagator(alpha, beta_ref);
  if constexpr (!stan::is_constant_all<Alpha>::value) {
    stan::math::partials<0>(operands)[0] = slopes[0];
  }
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<1>(operands) = slopes.tail(x.cols());
  }
  return operands.build(sum);
}

#endif

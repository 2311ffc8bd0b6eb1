// A program on some of its rows, their likelihood weighted: a model like any other, for CmdStan's own methods.
#ifndef HARNESS_SUBSAMPLE_HPP
#define HARNESS_SUBSAMPLE_HPP

#include "axis.hpp"

#include <stan/io/var_context.hpp>
#include <stan/model/model_base_crtp.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace harness {

// lp(0) + weight (lp(B) - lp(0)), of a program on the rows B and on no rows.  All but the density is that of the program
// on the rows.
class Subsample final : public stan::model::model_base_crtp<Subsample> {
  using Base = stan::model::model_base;
  using Names = std::vector<std::string>;

 public:
  Subsample(std::unique_ptr<Base> some, std::unique_ptr<Base> none, double weight)
      : model_base_crtp(some->num_params_r()), some_(std::move(some)), none_(std::move(none)), weight_(weight) {}

  template <bool propto, bool jacobian, typename T>
  T log_prob(Eigen::Matrix<T, -1, 1>& at, std::ostream* told) const {
    return weighted([&](const Base& model) -> T { return model.template log_prob<propto, jacobian>(at, told); });
  }
  template <bool propto, bool jacobian, typename T>
  T log_prob(std::vector<T>& at, std::vector<int>& integers, std::ostream* told) const {
    return weighted(
        [&](const Base& model) -> T { return model.template log_prob<propto, jacobian>(at, integers, told); });
  }
  template <typename... Arguments>
  void write_array(Arguments&&... arguments) const {
    some_->write_array(std::forward<Arguments>(arguments)...);
  }
  template <typename... Arguments>
  void transform_inits(Arguments&&... arguments) const {
    some_->transform_inits(std::forward<Arguments>(arguments)...);
  }
  void transform_inits(const stan::io::var_context& context, std::vector<int>& integers, std::vector<double>& reals,
                       std::ostream* told) const override {
    some_->transform_inits(context, integers, reals, told);
  }
  template <typename... Arguments>
  void unconstrain_array(Arguments&&... arguments) const {
    some_->unconstrain_array(std::forward<Arguments>(arguments)...);
  }

  std::string model_name() const override { return some_->model_name(); }
  Names model_compile_info() const override { return some_->model_compile_info(); }
  void get_param_names(Names& names, bool transformed = true, bool generated = true) const override {
    some_->get_param_names(names, transformed, generated);
  }
  void get_dims(std::vector<std::vector<std::size_t>>& dims, bool transformed = true,
                bool generated = true) const override {
    some_->get_dims(dims, transformed, generated);
  }
  void constrained_param_names(Names& names, bool transformed = true, bool generated = true) const override {
    some_->constrained_param_names(names, transformed, generated);
  }
  void unconstrained_param_names(Names& names, bool transformed = true, bool generated = true) const override {
    some_->unconstrained_param_names(names, transformed, generated);
  }

 private:
  template <typename Density>
  auto weighted(const Density& density) const {
    auto sum = density(*some_);
    if (weight_ != 1) {  // else lp(0) would only add its rounding
      sum *= weight_;
      sum += (1 - weight_) * density(*none_);
    }
    return sum;
  }

  std::unique_ptr<Base> some_, none_;
  double weight_;
};

// Whether data ask for it: `harness_axis` is the axis, by its number, `harness_rows` are rows from 0, `harness_weight`
// is their likelihood's weight.
inline bool asks_for_subsample(const stan::io::var_context& data) { return data.contains_i("harness_axis"); }

// Of the rows that are left out nothing stays but what transformed data have made of them.
template <typename Model>
std::unique_ptr<stan::model::model_base> subsample(std::unique_ptr<Model> whole, const Axes<Model>& axes,
                                                   const stan::io::var_context& data) {
  const int number = data.vals_i("harness_axis").at(0);
  const std::vector<int> rows = data.vals_i("harness_rows");
  if (number < 0 || number >= static_cast<int>(axes.size())) {
    throw std::invalid_argument("the program has no axis with the number " + std::to_string(number));
  }
  const Axis<Model>& axis = *axes[number];
  for (const int row : rows) {
    if (row < 0 || row >= axis.size(*whole)) {
      throw std::invalid_argument("there is no row " + std::to_string(row) + " of " + axis.name());
    }
  }
  std::unique_ptr<Block> some = axis.gather(*whole, rows), none = axis.gather(*whole, {});
  axis.exchange(*whole, *some);  // now `some` holds all rows
  some.reset();
  auto empty = std::make_unique<Model>(*whole);
  axis.exchange(*empty, *none);
  const double weight = data.vals_r("harness_weight").at(0);
  return std::make_unique<Subsample>(std::move(whole), std::move(empty), weight);
}

}  // namespace harness

#endif

// A translated Stan program as a Target.
#ifndef HARNESS_PROGRAM_HPP
#define HARNESS_PROGRAM_HPP

#include "axis.hpp"
#include "target.hpp"

#ifdef HARNESS_EXACT_CURVATURE
#include <stan/math/mix.hpp>
#endif
#include <stan/model/model_base.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace harness {

// Without STAN_THREADS all threads would share one stack of autodiff.
inline std::shared_ptr<void> own_stack() {
#ifdef STAN_THREADS
  return std::make_shared<stan::math::ChainableStack>();
#else
  return nullptr;
#endif
}

inline double evaluate(const stan::model::model_base& model, const Vector& at, Vector* gradient, Form form,
                       std::ostream* told) {
  if (!gradient && !form.propto) {
    Vector point = at;
    return form.jacobian ? model.log_prob_jacobian(point, told) : model.log_prob(point, told);
  }
  // loops, since an expression of Eigen's costs the compiler more than all else here
  stan::math::nested_rev_autodiff nested;
  Eigen::Matrix<stan::math::var, -1, 1> point(at.size());
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    point.coeffRef(i) = stan::math::var(at.coeff(i));
  }
  stan::math::var density = form.propto ? form.jacobian ? model.log_prob_propto_jacobian(point, told)
                                                        : model.log_prob_propto(point, told)
                            : form.jacobian ? model.log_prob_jacobian(point, told)
                                            : model.log_prob(point, told);
  if (gradient) {
    density.grad();
    gradient->resize(at.size());
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      gradient->coeffRef(i) = point.coeff(i).vi_->adj_;
    }
  }
  return density.val();
}

// The derivative of the gradient along a line, by differences of fourth order: exact to about 1e-10 of the gradient's
// size where the log density is smooth on the scale of its step.
template <typename Slope>
Vector differences(const Slope& slope_at, const Vector& at, const Vector& along) {
  double length = 0;
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    length = std::max(length, std::fabs(along.coeff(i)));
  }
  const double step = length > 0 ? 1e-3 / length : 0;
  constexpr int where[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  Vector slope, sum(at.size()), point(at.size());
  sum.setZero();
  for (int side = 0; side < 4 && length > 0; ++side) {
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      point.coeffRef(i) = at.coeff(i) + where[side] * step * along.coeff(i);
    }
    slope_at(point, slope);
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      sum.coeffRef(i) += weight[side] * slope.coeff(i) / (12 * step);
    }
  }
  return sum;
}

// A model of which nothing is known but what CmdStan asks of it: it has no axes.
class ModelTarget : public Target {
 public:
  explicit ModelTarget(const stan::model::model_base& model) : model_(model) {}

  int dimension() const override { return model_.num_params_r(); }
  std::vector<std::string> names(Scale scale, Beside beside) const override {
    std::vector<std::string> found;
    if (scale == Scale::constrained) {
      model_.constrained_param_names(found, beside.transformed, beside.generated);
    } else {
      model_.unconstrained_param_names(found, false, false);
    }
    return found;
  }
  bool has_threads() const override {
#ifdef STAN_THREADS
    return true;
#else
    return false;
#endif
  }
  std::shared_ptr<void> join_thread() const override { return own_stack(); }

  double density(const Vector& at, Vector* gradient, Form form, std::ostream* told) const override {
    return evaluate(model_, at, gradient, form, told);
  }
  bool has_exact_curvature() const override { return false; }
  Vector curvature(const Vector& at, const Vector& along, Form form, std::ostream* told) const override {
    const auto slope = [&](const Vector& point, Vector& gradient) { evaluate(model_, point, &gradient, form, told); };
    return differences(slope, at, along);
  }
  Vector constrain(const Vector& at, Beside beside, unsigned int seed, std::ostream* told) const override {
    stan::rng_t rng = stan::services::util::create_rng(seed, 1);
    Vector point = at, values;
    model_.write_array(rng, point, values, beside.transformed, beside.generated, told);
    return values;
  }
  Vector unconstrain(const Vector& constrained, std::ostream* told) const override {
    Vector point;
    model_.unconstrain_array(constrained, point, told);
    return point;
  }

  int n_axes() const override { return 0; }
  std::string axis_name(int) const override { throw no_axes(); }
  int axis_size(int) const override { throw no_axes(); }
  std::unique_ptr<Block> gather(int, const std::vector<int>&) const override { throw no_axes(); }
  std::unique_ptr<View> view(int) const override { throw no_axes(); }

 private:
  static std::invalid_argument no_axes() { return std::invalid_argument("the program has no axes"); }

  const stan::model::model_base& model_;
};

// The program as it is on some of its rows.
template <typename Model>
class Part final : public View {
 public:
  Part(const Model& rest, const Axis<Model>& axis) : model_(rest), axis_(axis), none_(axis.gather(rest, {})) {
    // A copy's maps lie on what was copied; lending it its own empty rows seats them.
    axis_.exchange(model_, *none_);
  }
  double density(Block* block, const Vector& at, Vector* gradient, Form form, std::ostream* told) override {
    const Loan loan{*this, block};
    return evaluate(model_, at, gradient, form, told);
  }

 private:
  struct Loan {
    Part& part;
    Block* block;
    Loan(Part& part, Block* block) : part(part), block(block) { swap(); }
    ~Loan() { swap(); }
    Loan(const Loan&) = delete;
    void swap() {
      if (block) {
        part.axis_.exchange(part.model_, *block);
      }
    }
  };
  Model model_;
  const Axis<Model>& axis_;
  std::unique_ptr<Block> none_;
};

template <typename Model>
class Program final : public ModelTarget {
 public:
  Program(std::unique_ptr<Model> model, Axes<Model> axes)
      : ModelTarget(*model), model_(std::move(model)), axes_(std::move(axes)), without_rows_(axes_.size()) {}

#ifdef HARNESS_EXACT_CURVATURE
  bool has_exact_curvature() const override { return true; }
  Vector curvature(const Vector& at, const Vector& along, Form form, std::ostream* told) const override {
    return form.jacobian ? exact<true>(at, along, told) : exact<false>(at, along, told);
  }
  template <bool jacobian>
  Vector exact(const Vector& at, const Vector& along, std::ostream* told) const {
    stan::math::nested_rev_autodiff nested;
    Eigen::Matrix<stan::math::fvar<stan::math::var>, -1, 1> point(at.size());
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      point[i] = stan::math::fvar<stan::math::var>(at[i], along[i]);
    }
    const auto density = model_->template log_prob<false, jacobian>(point, told);
    stan::math::grad(density.d_.vi_);
    Vector product(at.size());
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      product[i] = point[i].val_.adj();
    }
    return product;
  }
#endif

  int n_axes() const override { return axes_.size(); }
  std::string axis_name(int axis) const override { return axes_.at(axis)->name(); }
  int axis_size(int axis) const override { return axes_.at(axis)->size(*model_); }
  std::unique_ptr<Block> gather(int axis, const std::vector<int>& rows) const override {
    return axes_.at(axis)->gather(*model_, rows);
  }
  std::unique_ptr<View> view(int axis) const override {
    return std::make_unique<Part<Model>>(without_rows(axis), *axes_.at(axis));
  }

 private:
  // Made once, so that further views copy only what is no row.
  const Model& without_rows(int axis) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::unique_ptr<Model>& rest = without_rows_.at(axis);
    if (!rest) {
      rest = std::make_unique<Model>(*model_);
      const std::unique_ptr<Block> none = axes_[axis]->gather(*model_, {});
      axes_[axis]->exchange(*rest, *none);
    }
    return *rest;
  }

  std::unique_ptr<Model> model_;
  Axes<Model> axes_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Model>> without_rows_;
};

}  // namespace harness

#endif

// A program with its data as a function of its unconstrained parameters.  No type of Stan's is in sight, so that
// whoever works on it (the commands of serve.hpp, an optimiser) compiles in no time and knows no program.
#ifndef HARNESS_TARGET_HPP
#define HARNESS_TARGET_HPP

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

namespace harness {

using Vector = Eigen::VectorXd;

// Which log density: with the Jacobian of the constraining transform or without, and with or without the terms
// that do not depend on parameters (CmdStan's own methods leave them out).
struct Form {
  bool jacobian = true;
  bool propto = false;
};

enum class Scale { constrained, unconstrained };

// Which variables the constrained scale has beside the parameters.
struct Beside {
  bool transformed = false;
  bool generated = false;
};

// Rows that were gathered once and can be looked at any number of times, by one view at a time.
class Block {
 public:
  virtual ~Block() = default;
  virtual int size() const = 0;
};

// The program as it is on some of its rows.  One per thread: a view holds nothing but what is no row, and borrows a
// block's rows while it evaluates them.
class View {
 public:
  virtual ~View() = default;

  // Log density on a block's rows alone, prior and Jacobian included; on no rows at all if it is null.  The gradient
  // goes to `gradient` unless that is null.  Throws what the program throws.
  virtual double density(Block* block, const Vector& at, Vector* gradient, Form form, std::ostream* told) = 0;

  // Prior and Jacobian once, the likelihood of the block's rows `weight` times: lp(0) + weight (lp(B) - lp(0)).
  double weighted(Block& block, double weight, const Vector& at, Vector* gradient, Form form, std::ostream* told) {
    const double some = density(&block, at, gradient, form, told);
    if (weight == 1) {
      return some;  // lp(0) would only add its rounding
    }
    Vector slope;
    const double none = density(nullptr, at, gradient ? &slope : nullptr, form, told);
    if (gradient) {
      for (Eigen::Index i = 0; i < slope.size(); ++i) {
        gradient->coeffRef(i) = weight * gradient->coeff(i) + (1 - weight) * slope.coeff(i);
      }
    }
    return weight * some + (1 - weight) * none;
  }
};

class Target {
 public:
  virtual ~Target() = default;

  virtual int dimension() const = 0;
  virtual std::vector<std::string> names(Scale scale, Beside beside) const = 0;
  virtual bool has_threads() const = 0;       // may several threads evaluate at once?
  virtual bool has_exact_curvature() const = 0;

  // What a thread must hold while it evaluates.
  virtual std::shared_ptr<void> join_thread() const = 0;

  // Log density of the program on all its rows, and its gradient unless that is null.
  virtual double density(const Vector& at, Vector* gradient, Form form, std::ostream* told) const = 0;
  // The Hessian of the log density times a vector.
  virtual Vector curvature(const Vector& at, const Vector& along, Form form, std::ostream* told) const = 0;
  virtual Vector constrain(const Vector& at, Beside beside, unsigned int seed, std::ostream* told) const = 0;
  virtual Vector unconstrain(const Vector& constrained, std::ostream* told) const = 0;

  // Axes: integers of the data along which rows can be gathered.
  virtual int n_axes() const = 0;
  virtual std::string axis_name(int axis) const = 0;
  virtual int axis_size(int axis) const = 0;
  virtual std::unique_ptr<Block> gather(int axis, const std::vector<int>& rows) const = 0;
  virtual std::unique_ptr<View> view(int axis) const = 0;
  // How many gathered rows may stay in memory.
  virtual double rows_to_keep() const { return INFINITY; }
  // Rows that are looked at together where all are summed.
  virtual int rows_of_chunk() const { return 1 << 14; }
  // The axis whose rows are not in memory; -1 if all are.
  virtual int axis_in_files() const { return -1; }

  // The log density on all rows of an axis whose rows add up, as a sum over chunks of neighbours: neither copies nor the
  // memory of autodiff grow with the rows.
  double summed(int axis, const Vector& at, Vector* gradient, Form form, std::ostream* told) const {
    const std::unique_ptr<View> seen = view(axis);
    Vector none, slope;
    const double nothing = seen->density(nullptr, at, gradient ? &none : nullptr, form, told);
    double sum = nothing;
    if (gradient) {
      *gradient = none;
    }
    for_chunks(axis, [&](Block& chunk) {
      sum += seen->density(&chunk, at, gradient ? &slope : nullptr, form, told) - nothing;
      if (gradient) {
        *gradient += slope - none;
      }
    });
    return sum;
  }
  template <typename Use>
  void for_chunks(int axis, const Use& use) const {
    const int n_rows = axis_size(axis), at_once = rows_of_chunk();
    std::vector<int> rows;
    for (int from = 0; from < n_rows; from += static_cast<int>(rows.size())) {
      rows.resize(std::min(at_once, n_rows - from));
      std::iota(rows.begin(), rows.end(), from);
      use(*gather(axis, rows));
    }
  }
};

}  // namespace harness

#endif

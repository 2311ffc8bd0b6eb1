// The curvature of a log density at a point, by differences of gradients: the whole matrix, its diagonal, or what the
// matrix's inverse makes of a vector.
#ifndef HARNESS_PROBE_HPP
#define HARNESS_PROBE_HPP

#include "evidence.hpp"
#include "gaussian.hpp"

namespace harness {

// What the inverse of a matrix makes of a vector.
struct Solution {
  Vector at;
  double left = 0;  // of the vector, the share that the solution does not explain
};

// What the Lanczos process tells of a symmetric matrix: on the span of an orthonormal basis it is tridiagonal.
struct Krylov {
  Matrix basis;
  Spectrum inner;      // of the tridiagonal matrix, eigenvalues by their size
  double left = 0;     // of the vector that it began with, the share that a solution does not explain

  // The inverse of the matrix's size, within the span.
  Vector solve(const Vector& v) const {
    const Vector within = transposed(inner.vectors) * (basis.transpose() * v);
    return basis * (inner.vectors * within.cwiseQuotient(inner.values));
  }
  // Where the matrix is the identity on what is beyond the span.
  Vector solve_all(const Vector& v) const { return solve(v) + v - basis * (basis.transpose() * v); }
};

inline Spectrum tridiagonal_sizes(const Vector& diagonal, const Vector& beside) {
  const int n = diagonal.size();
  Matrix t = diagonal.asDiagonal();
  for (int i = 0; i + 1 < n; ++i) {
    t(i, i + 1) = t(i + 1, i) = beside[i];
  }
  Spectrum found = spectrum(t);
  found.values = found.values.cwiseAbs().cwiseMax(1e-7 * found.values.cwiseAbs().maxCoeff());
  return found;
}

// From a vector of some length.
inline Krylov krylov(const Vector& from, const std::function<Vector(const Vector&)>& times, int most, double enough) {
  most = std::min(most, static_cast<int>(from.size()));
  Matrix basis(from.size(), most);
  Vector diagonal(most), beside(most), now = from / from.norm();
  Krylov found;
  found.left = 1;
  int n = 0;
  while (n < most && found.left > enough) {
    basis.col(n) = now;
    Vector next = times(now);
    diagonal[n] = now.dot(next);
    for (int twice = 0; twice < 2; ++twice) {  // against rounding
      const Vector inner = basis.leftCols(n + 1).transpose() * next;
      next.noalias() -= basis.leftCols(n + 1) * inner;
    }
    beside[n] = next.norm();
    ++n;
    const bool is_all = !(beside[n - 1] > 1e-6 * diagonal.head(n).cwiseAbs().maxCoeff());
    if (is_all || n == most || n < 8 || n % 8 == 0) {
      found.inner = tridiagonal_sizes(diagonal.head(n), beside.head(n));
      const Vector first = found.inner.vectors.row(0), last = found.inner.vectors.row(n - 1);
      found.left = is_all ? 0 : beside[n - 1] * std::abs(last.dot(first.cwiseQuotient(found.inner.values)));
    }
    now = next / beside[n - 1];
  }
  found.basis = basis.leftCols(n);
  return found;
}

// From the vector itself: where all eigenvalues are positive, these are the iterates of conjugate gradients; others
// count by their size.
inline Solution lanczos(const Vector& from, const std::function<Vector(const Vector&)>& times, int most,
                        double enough) {
  if (!(from.norm() > 0)) {
    return {Vector::Zero(from.size()), 0};
  }
  const Krylov found = krylov(from, times, most, enough);
  return {found.solve(from), found.left};
}

class Probe {
 public:
  // Of so many blocks of the rows together.
  Probe(Evidence& evidence, int n_together, unsigned int seed)
      : evidence_(&evidence), n_together_(n_together), seed_(seed) {}

  int n_together() const { return n_together_; }

  // Along each axis over its unit.
  Curvature whole(const Vector& at, const Vector& units) {
    const int d = at.size(), first = next();
    Matrix hessian(d, d);
    for (int i = 0; i < d; ++i) {
      hessian.col(i) = along(at, Vector::Unit(d, i), units[i], first, units);
    }
    return Curvature(Matrix(0.5 * (hessian + transposed(hessian))));
  }

  // By vectors of random signs (Hutchinson 1989; Bekas, Kokiopoulou and Saad 2007).
  Curvature diagonal(const Vector& at, const Vector& units) { return Curvature(Vector(signed_mean(at, units))); }
  // The same of what a model leaves (Meyer, Musco, Musco and Woodruff 2021).
  Curvature diagonal(const Vector& at, const Vector& units, const Curvature& model) {
    return Curvature(Vector(model.entries() + signed_mean(at, units, &model)));
  }

  // What its inverse makes of a gradient, in the units.  The curvature is the mean of that at two points, a deviation
  // from the center away.  Where a metric knows leading directions, the equations are those in its own units.
  Solution solve(const Vector& center, const Vector& away, const Vector& units, const Vector& gradient,
                 const Curvature& metric) {
    if (metric.leading()) {
      Solution found = lanczos(metric.transposed_from_unit(gradient), [&](const Vector& v) {
        return metric.transposed_from_unit(between(center, away, metric.from_unit(v), units, 0));
      }, max_steps, enough);
      found.at = metric.from_unit(found.at).cwiseQuotient(units);
      return found;
    }
    return lanczos(units.cwiseProduct(gradient), [&](const Vector& v) {
      return Vector(units.cwiseProduct(between(center, away, units.cwiseProduct(v), units, 0)));
    }, max_steps, enough);
  }

  // The mean curvature of two points times a direction that is one unit long.
  Vector between(const Vector& center, const Vector& away, const Vector& direction, const Vector& units, int first) {
    const Vector found = along(center + away, direction, step, first, units)
                         + along(center - away, direction, step, first, units);
    return found.allFinite() ? Vector(0.5 * found) : Vector(direction.cwiseQuotient(Vector(units.cwiseAbs2())));
  }
  // What it is in the units along the directions that the Lanczos process tells first: its ends.
  Krylov ends(const Vector& center, const Vector& away, const Vector& units, const Vector& from) {
    const int first = next();
    return krylov(from, [&](const Vector& v) {
      return Vector(units.cwiseProduct(between(center, away, units.cwiseProduct(v), units, first)));
    }, max_ends, 0);
  }
  // The next of the blocks of rows.
  int next() { return evidence_->n_blocks() > 1 ? n_probed_++ * n_together_ % evidence_->n_blocks() : 0 * n_probed_++; }

 private:
  static constexpr int n_signs = 32, max_steps = 150, max_ends = 80;
  static constexpr double enough = 0.1, step = 1e-3;

  Vector signed_mean(const Vector& at, const Vector& units, const Curvature* model = nullptr) {
    Random random(seed_ + n_probed_);
    const int d = at.size(), first = next();
    Vector sum = Vector::Zero(d);
    for (int k = 0; k < n_signs; ++k) {
      const Vector signs = normal(random, d).array().sign(), direction = units.cwiseProduct(signs);
      Vector product = along(at, direction, 1, first, units);
      if (model) {
        product -= model->times(direction);
      }
      sum += product.cwiseProduct(signs).cwiseQuotient(units);
    }
    return sum / n_signs;
  }

  // Minus the Hessian times a vector of such a size; where there is no density, that of a Gaussian with these sds.
  Vector along(const Vector& at, const Vector& direction, double size, int first, const Vector& units) {
    Point above, below;
    for (int attempt = 0; attempt < 8; ++attempt, size /= 4) {
      if (evidence_->some(n_together_, first, at + size * direction, above)
          && evidence_->some(n_together_, first, at - size * direction, below)) {
        return (below.gradient - above.gradient) / (2 * size);
      }
    }
    return direction.cwiseQuotient(Vector(units.cwiseAbs2()));
  }

  Evidence* evidence_;
  int n_together_, n_probed_ = 0;
  unsigned int seed_;
};

}  // namespace harness

#endif

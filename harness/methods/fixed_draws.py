"""The ELBO of a mean-field Gaussian over draws that stay the same: an ordinary function."""

import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.counted_density import CountedDensity


class FixedDrawsElbo:
    """The negative ELBO of a mean-field Gaussian over fixed draws, and its derivatives.

    Its argument stacks the means and the logarithms of the sds.

    Parameters
    ----------
    density : CountedDensity
    fixed : ndarray, shape (draw, d)
        Standard normal draws.
    """

    def __init__(self, density: CountedDensity, fixed: FloatArray) -> None:
        self._density = density
        self._fixed = fixed
        self._at: FloatArray | None = None
        self._value = np.inf
        self._gradients = np.empty_like(fixed)

    def _steps(self, at: FloatArray) -> FloatArray:
        """Return how far the draws stand from the mean, shape (draw, d)."""
        return np.exp(at[at.size // 2 :]) * self._fixed

    def _evaluate(self, at: FloatArray) -> None:
        """Evaluate the density at the draws, unless that has just been done."""
        if self._at is not None and np.array_equal(at, self._at):
            return
        d = at.size // 2
        points = at[:d] + self._steps(at)
        self._at, self._value = at.copy(), np.inf
        if np.isfinite(points).all():
            values, self._gradients = self._density.gradient(points)
            if np.isfinite(values).all() and np.isfinite(self._gradients).all():
                self._value = float(-values.mean() - at[d:].sum())

    def value(self, at: FloatArray) -> float:
        """Return the negative ELBO up to a constant, in nats; infinite where a draw has none."""
        self._evaluate(at)
        return self._value

    def gradients(self, at: FloatArray) -> FloatArray:
        """Return the gradient that each draw gives, shape (draw, 2 d)."""
        self._evaluate(at)
        return -np.hstack([self._gradients, self._gradients * self._steps(at) + 1.0])

    def gradient(self, at: FloatArray) -> FloatArray:
        """Return the gradient, shape (2 d,)."""
        mean: FloatArray = self.gradients(at).mean(axis=0)
        return mean

    def hessian_vector(self, at: FloatArray, vector: FloatArray) -> FloatArray:
        """Return the Hessian times a vector, shape (2 d,)."""
        self._evaluate(at)
        d = at.size // 2
        steps = self._steps(at)
        products = self._density.hessian_vector(at[:d] + steps, vector[:d] + steps * vector[d:])
        bend = self._gradients * steps * vector[d:]
        return -np.concatenate([products.mean(axis=0), (products * steps + bend).mean(axis=0)])

    def finite_hessian_vector(self, at: FloatArray, vector: FloatArray) -> FloatArray:
        """Return that, 0 where it has no value: the step is then a long one."""
        return np.nan_to_num(self.hessian_vector(at, vector), posinf=0.0, neginf=0.0)

    def hessian(self, at: FloatArray) -> FloatArray:
        """Return the Hessian, shape (2 d, 2 d), from that of the density at each draw."""
        self._evaluate(at)
        d = at.size // 2
        total = np.zeros((2 * d, 2 * d))
        for step, gradient in zip(self._steps(at), self._gradients, strict=True):
            here = self._density.hessian(at[:d] + step)
            total[:d, :d] -= here
            total[:d, d:] -= here * step
            total[d:, d:] -= here * np.outer(step, step) + np.diag(gradient * step)
        total[d:, :d] = total[:d, d:].T
        return total / len(self._fixed)

    def unlike_gaussian(
        self, at: FloatArray, hessian: FloatArray, inverse: FloatArray
    ) -> tuple[float, float]:
        """Return `bend` and `widening` of an optimum, from derivatives that are there already.

        See :class:`harness.methods.dadvi.Optimum`.
        """
        self._evaluate(at)
        d = at.size // 2
        curvature = hessian[:d, :d]
        rest = self._gradients + self._steps(at) @ curvature
        rest -= rest.mean(axis=0)
        squares = np.sum(rest * np.linalg.solve(curvature, rest.T).T, axis=1)
        root = np.linalg.cholesky(inverse[:d, :d])
        widest = np.linalg.eigvalsh(root.T @ curvature @ root)[-1]
        return float(squares.mean() / d), float(np.sqrt(widest))

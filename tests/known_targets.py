"""Log densities in NumPy, of known moments, where a test needs no program of Stan's."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.program.log_density import LogDensity

#: Log densities and gradients of points, shape (n, d).
type Function = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass
class KnownTarget:
    """A density as evidence asks for it; Hessians are differences of gradients."""

    n_parameters: int
    function: Function
    has_exact_curvature: bool = False
    n_calls: int = field(default=0)

    def gradient(self, points: npt.ArrayLike) -> LogDensity:
        at = np.asarray(points, dtype=float)
        self.n_calls += 1
        values, slopes = self.function(at.reshape(-1, self.n_parameters))
        return LogDensity(values.reshape(at.shape[:-1]), slopes.reshape(at.shape))

    def log_density(self, points: npt.ArrayLike) -> FloatArray:
        return self.gradient(points).value

    def hessian_vector(self, points: npt.ArrayLike, vectors: npt.ArrayLike) -> FloatArray:
        at, along = np.broadcast_arrays(np.asarray(points, float), np.asarray(vectors, float))
        step = 1e-4
        difference = self.gradient(at + step * along)[1] - self.gradient(at - step * along)[1]
        return difference / (2 * step)


def gaussian(mean: FloatArray, covariance: FloatArray) -> KnownTarget:
    precision = np.linalg.inv(covariance)

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = -(at - mean) @ precision
        return 0.5 * np.sum((at - mean) * slope, axis=1), slope

    return KnownTarget(mean.size, function)


def student(d: int, df: float) -> KnownTarget:
    """A spherical Student-t distribution."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = np.sum(at**2, axis=1)
        slope = -(df + d) * at / (df + squares)[:, None]
        return -(df + d) / 2 * np.log1p(squares / df), slope

    return KnownTarget(d, function)


def two_modes(d: int, share: float, distance: float) -> KnownTarget:
    """Two standard normal distributions; the second has a share and lies at `distance` ones."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        centres = np.array([np.zeros(d), np.full(d, distance)])
        off = at[:, None] - centres
        terms = np.log([1 - share, share]) - 0.5 * np.sum(off**2, axis=2)
        values = logsumexp(terms, axis=1)
        return values, -np.sum(np.exp(terms - values[:, None])[..., None] * off, axis=1)

    return KnownTarget(d, function)


def funnel(d: int) -> KnownTarget:
    """Neal's: v ~ normal(0, 3), the others normal(0, exp(v / 2))."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        v, x = at[:, 0], at[:, 1:]
        precision = np.exp(np.minimum(-v, 600))
        squares = np.sum(x**2, axis=1) * precision
        value = -(v**2) / 18 - (d - 1) * v / 2 - squares / 2
        slope_v = -v / 9 - (d - 1) / 2 + squares / 2
        return value, np.column_stack([slope_v, -x * precision[:, None]])

    return KnownTarget(d, function)


def banana(bend: float) -> KnownTarget:
    """x ~ normal(0, 1), y ~ normal(bend x squared, 0.5): mean and sd of y are closed forms."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = at[:, 0], at[:, 1]
        off = (y - bend * x**2) / 0.25
        return (
            -(x**2) / 2 - (y - bend * x**2) ** 2 / 0.5,
            np.column_stack([-x + 2 * bend * x * off, -off]),
        )

    return KnownTarget(2, function)

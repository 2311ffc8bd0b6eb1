"""A density that counts its gradients, and where methods over it begin."""

import math
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.program.log_density import Density, LogDensity

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: So many random starts are tried, as in Stan.
_MAX_STARTS = 100
_START_STREAM = 8
#: A climb ends at this norm of the gradient per parameter.
_SMALL_GRADIENT = 1e-3
#: Gradients of a product with the Hessian: of differences, and by autodiff.
_DIFFERENCES, _AUTODIFF = 4, 2


class CountedDensity:
    """A density that counts what it is asked for.

    Attributes
    ----------
    density : Density
        For what need not be counted.
    n_gradients : int
        Gradients so far, those for products with the Hessian included.
    """

    def __init__(self, density: Density) -> None:
        self.density = density
        self.n_gradients = 0

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        return self.density.n_parameters

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the last call gave NaN."""
        return self.density.failures

    def gradient(self, points: FloatArray) -> LogDensity:
        """Return the log density and its gradient; see :meth:`Density.gradient`."""
        self.n_gradients += int(np.prod(points.shape[:-1]))
        return self.density.gradient(points)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density alone, two of which count as a gradient."""
        self.n_gradients += -(-int(np.prod(points.shape[:-1])) // 2)
        return np.asarray(self.density.log_density(points), dtype=np.float64)

    def hessian_vector(self, points: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the Hessian times vectors; see :meth:`Density.hessian_vector`."""
        found = self.density.hessian_vector(points, vectors)
        each = _AUTODIFF if self.density.has_exact_curvature else _DIFFERENCES
        self.n_gradients += each * int(np.prod(found.shape[:-1]))
        return found

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian at a point, shape (d, d)."""
        rows = self.hessian_vector(point, np.eye(point.size))
        return 0.5 * (rows + rows.T)


def random_start(density: CountedDensity, *, radius: float, seed: int) -> FloatArray:
    """Return a point with a finite density and gradient, uniform within a distance of zero.

    Raises
    ------
    FitError
        If a hundred points have none; the message has the program's reason.
    """
    rng = np.random.default_rng([seed, _START_STREAM])
    points = rng.uniform(-radius, radius, size=(_MAX_STARTS, density.n_parameters))
    for point in points:
        value, gradient = density.gradient(point)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return np.asarray(point)
    raise FitError(
        f"Initialization failed: none of {_MAX_STARTS} points within {radius:g} of zero on the "
        f"unconstrained scale has a finite log density{reasons(density)}"
    )


def reasons(density: CountedDensity) -> str:
    """Return why the last call gave no density, as the end of a sentence."""
    return f": {'; '.join(density.failures)}" if density.failures else ""


def climb(
    density: CountedDensity, start: FloatArray, *, max_iterations: int
) -> tuple[FloatArray, int]:
    """Climb the log density by trust-region Newton steps (Nocedal and Wright 2006, algorithm 7.2).

    Parameters
    ----------
    density : CountedDensity
    start : ndarray, shape (d,)
        With a finite density.
    max_iterations : int
        Steps at most; fewer if the gradient's norm is small before.

    Returns
    -------
    point : ndarray, shape (d,)
        About a mode, if there is one.
    n_iterations : int
        Steps taken.
    """
    downhill = _Downhill(density)
    found = scipy.optimize.minimize(
        downhill.value,
        start,
        method="trust-ncg",
        jac=downhill.gradient,
        hessp=downhill.hessian_vector,
        options={"gtol": _SMALL_GRADIENT * math.sqrt(start.size), "maxiter": max_iterations},
    )
    return np.asarray(found.x, dtype=np.float64), int(found.nit)


class _Downhill:
    """The negative log density, evaluated once where value and gradient are asked for."""

    def __init__(self, density: CountedDensity) -> None:
        self._density = density
        self._at: FloatArray | None = None
        self._found = LogDensity(np.empty(0), np.empty(0))

    def _evaluate(self, at: FloatArray) -> LogDensity:
        if self._at is None or not np.array_equal(at, self._at):
            self._at, self._found = at.copy(), self._density.gradient(at)
        return self._found

    def value(self, at: FloatArray) -> float:
        """Return it, infinite where there is none."""
        if not np.isfinite(at).all():
            return np.inf
        value, gradient = self._evaluate(at)
        usable = np.isfinite(value) and np.isfinite(gradient).all()
        return -float(value) if usable else np.inf

    def gradient(self, at: FloatArray) -> FloatArray:
        """Return its gradient."""
        return -self._evaluate(at).gradient

    def hessian_vector(self, at: FloatArray, vector: FloatArray) -> FloatArray:
        """Return its Hessian times a vector, 0 where it has none: the step is then a long one."""
        return -np.nan_to_num(self._density.hessian_vector(at, vector), posinf=0.0, neginf=0.0)

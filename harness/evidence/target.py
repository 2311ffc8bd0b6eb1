"""A log density that keeps an account of what is asked of it, and stops when its time is up."""

import time
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.program.log_density import LogDensity

#: Points of one call, so that a budget of time is kept where a density is slow.
_CHUNK = 256
#: What a log density costs in gradients: autodiff records and runs back what doubles compute once.
GRADIENTS_PER_DENSITY = 0.5
#: Gradients of a Hessian-vector product by differences, and by autodiff.
_DIFFERENCES, _EXACT = 4, 2


class OutOfTimeError(Exception):
    """The budget of time is used up; whoever set it has the best so far."""


class DensityFunction(Protocol):
    """What evidence needs of a density; :class:`~harness.program.log_density.Density` has it."""

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        ...

    @property
    def has_exact_curvature(self) -> bool:
        """Whether Hessian-vector products are exact."""
        ...

    def log_density(self, points: npt.ArrayLike) -> FloatArray:
        """Return the log density at each point, shape (...)."""
        ...

    def gradient(self, points: npt.ArrayLike) -> LogDensity:
        """Return the log density and its gradient at each point."""
        ...

    def hessian_vector(self, points: npt.ArrayLike, vectors: npt.ArrayLike) -> FloatArray:
        """Return the Hessian at each point times a vector, shape (..., parameter)."""
        ...


class Effort(NamedTuple):
    """What evidence has cost.

    Attributes
    ----------
    n_gradients, n_densities : int
        Evaluations of the full data's log density with and without its gradient.
    wall_time_s : float
        In seconds.
    """

    n_gradients: int
    n_densities: int
    wall_time_s: float

    @property
    def in_gradients(self) -> float:
        """All of it in gradients, a density as half of one."""
        return self.n_gradients + GRADIENTS_PER_DENSITY * self.n_densities

    def since(self, earlier: "Effort") -> "Effort":
        """Return what has been added to an earlier account."""
        return Effort(
            self.n_gradients - earlier.n_gradients,
            self.n_densities - earlier.n_densities,
            self.wall_time_s - earlier.wall_time_s,
        )


class Metered:
    """A density with an account.

    Parameters
    ----------
    target : DensityFunction
    budget_s : float, optional
        After so many seconds every call raises :class:`OutOfTimeError`.
    """

    def __init__(self, target: DensityFunction, *, budget_s: float | None = None) -> None:
        self.target = target
        self._begin = time.perf_counter()
        self._budget_s = np.inf if budget_s is None else budget_s
        self._n_gradients = 0
        self._n_densities = 0

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        return self.target.n_parameters

    @property
    def spent(self) -> Effort:
        """What has been asked so far."""
        return Effort(self._n_gradients, self._n_densities, time.perf_counter() - self._begin)

    def count(self, n_gradients: int) -> None:
        """Add gradients that were evaluated elsewhere, and stop if the time is up."""
        self._n_gradients += n_gradients
        self.check_time()

    def count_past(self, n_gradients: int) -> None:
        """Add gradients that were evaluated elsewhere, whatever the time."""
        self._n_gradients += n_gradients

    def check_time(self) -> None:
        """Stop if the time is up.

        Raises
        ------
        OutOfTimeError
        """
        if time.perf_counter() - self._begin > self._budget_s:
            raise OutOfTimeError

    @property
    def time_left_s(self) -> float:
        """Return the seconds that are left, infinity without a budget."""
        return self._budget_s - (time.perf_counter() - self._begin)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density at each of some points; minus infinity where there is none."""
        parts = []
        for begin in range(0, len(points), _CHUNK):
            self.check_time()
            chunk = points[begin : begin + _CHUNK]
            self._n_densities += len(chunk)
            parts.append(np.asarray(self.target.log_density(chunk), dtype=np.float64))
        values = np.concatenate(parts) if parts else np.empty(0)
        return np.where(np.isnan(values), -np.inf, values)

    def gradient(self, points: FloatArray) -> LogDensity:
        """Return the log density and its gradient at each of some points, or at one."""
        self.count(int(np.prod(points.shape[:-1])))
        return self.target.gradient(points)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian of the log density at a point, shape (d, d)."""
        d = point.size
        each = _EXACT if self.target.has_exact_curvature else _DIFFERENCES
        rows = []
        for begin in range(0, d, _CHUNK):
            vectors = np.eye(d)[begin : begin + _CHUNK]
            self.count(each * len(vectors))
            rows.append(self.target.hessian_vector(point, vectors))
        matrix = np.concatenate(rows)
        symmetric: FloatArray = (matrix + matrix.T) / 2
        return symmetric

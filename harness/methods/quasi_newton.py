"""Paths of L-BFGS over a density, and the Gaussian that each iterate's curvature gives.

Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: parallel quasi-Newton variational
inference, JMLR 23(306): the diagonal follows their algorithm 3, the factors their equation 6 (Byrd,
Nocedal and Schnabel 1994), draws their algorithm 4.  All costs are linear in the number of
parameters.  Steps meet the weak Wolfe conditions, by bisection (Lewis and Overton 2013), so that
the curvature along each is positive, and a point without a density shortens the step.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.counted_density import CountedDensity

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: A path ends where a Newton step would gain less, in nats.
_SMALL_GAIN = 1e-8
#: Weak Wolfe conditions: decrease, and flattening.
_DECREASE, _FLATTENING = 1e-4, 0.9
#: Bisections of a step.
_MAX_BISECTED = 50
#: Along a step the gradient must change by more, relative to both lengths.
_LEAST_CURVATURE = 1e-14


@dataclass(frozen=True, kw_only=True, eq=False)
class PathGaussian:
    """A Gaussian whose covariance is a diagonal times a low-rank change of the identity.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    root_diagonal : ndarray, shape (d,)
        Square roots of the diagonal.
    basis : ndarray, shape (d, r)
        Orthonormal columns, after division by the roots.
    lower : ndarray, shape (r, r)
        Cholesky factor of the covariance within the basis.
    """

    mean: FloatArray
    root_diagonal: FloatArray
    basis: FloatArray
    lower: FloatArray

    @property
    def log_sds(self) -> float:
        """Half the log determinant of the covariance."""
        return float(np.log(self.root_diagonal).sum() + np.log(np.diag(self.lower)).sum())

    def points(self, normal: FloatArray) -> FloatArray:
        """Return the points that standard normal numbers lead to, shape (n, d)."""
        within = normal @ self.basis
        changed = normal + (within @ self.lower.T - within) @ self.basis.T
        return np.asarray(self.mean + changed * self.root_diagonal)

    def squared_distance(self, points: FloatArray) -> FloatArray:
        """Return squared Mahalanobis distances from the mean, shape (n,)."""
        away = (points - self.mean) / self.root_diagonal
        within = away @ self.basis
        inside = scipy.linalg.solve_triangular(self.lower, within.T, lower=True)
        rest = np.square(away).sum(axis=1) - np.square(within).sum(axis=1)
        return np.asarray(np.maximum(rest, 0) + np.square(inside).sum(axis=0))

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density, in nats, shape (n,)."""
        constant = 0.5 * self.mean.size * np.log(2 * np.pi) + self.log_sds
        return np.asarray(-0.5 * self.squared_distance(points) - constant)


class InverseHessian:
    """An estimate of the inverse Hessian of the negative log density, from the last steps.

    Parameters
    ----------
    d : int
        Number of parameters.
    history_size : int
        Steps that count.
    """

    def __init__(self, d: int, history_size: int) -> None:
        self._diagonal = np.ones(d)
        self._pairs: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=history_size)
        self._left, self._middle = np.empty((d, 0)), np.empty((0, 0))

    def add(self, step: FloatArray, change: FloatArray) -> None:
        """Take a step and the change of the gradient of the negative log density along it."""
        along = float(step @ change)
        if not along > _LEAST_CURVATURE * np.linalg.norm(step) * np.linalg.norm(change):
            return
        diagonal = self._diagonal
        a, c = float(change @ (diagonal * change)), float(step @ (step / diagonal))
        inverse = a / (along * diagonal) + change**2 / along
        inverse -= a * step**2 / (along * c * diagonal**2)
        if np.isfinite(inverse).all() and (inverse > 0).all():
            self._diagonal = 1 / inverse
        self._pairs.append((step, change))
        self._factor()

    def _factor(self) -> None:
        steps, changes = (np.stack(part, axis=1) for part in zip(*self._pairs, strict=True))
        scaled = self._diagonal[:, None] * changes
        products = steps.T @ changes
        upper = scipy.linalg.solve_triangular(np.triu(products), np.eye(len(products)))
        inner = np.diag(np.diag(products)) + changes.T @ scaled
        zero = np.zeros_like(products)
        self._middle = np.block([[zero, -upper], [-upper.T, upper.T @ inner @ upper]])
        self._left = np.hstack([scaled, steps])

    def times(self, vector: FloatArray) -> FloatArray:
        """Return the estimate times a vector."""
        low_rank = self._left @ (self._middle @ (self._left.T @ vector))
        return np.asarray(self._diagonal * vector + low_rank)

    def gaussian(self, point: FloatArray, gradient: FloatArray) -> PathGaussian | None:
        """Return the Gaussian of a point with a gradient of the log density.

        None where rounding leaves the estimate without a root.
        """
        root = np.sqrt(self._diagonal)
        basis, upper = np.linalg.qr(self._left / root[:, None])
        inside = np.eye(len(upper)) + upper @ self._middle @ upper.T
        try:
            lower = np.linalg.cholesky((inside + inside.T) / 2)
        except np.linalg.LinAlgError:
            return None
        mean = point + self.times(gradient)
        return PathGaussian(mean=mean, root_diagonal=root, basis=basis, lower=lower)


def follow(
    density: CountedDensity, start: FloatArray, *, history_size: int, max_iterations: int
) -> Iterator[PathGaussian]:
    """Climb by L-BFGS, and give the Gaussian of each iterate.

    Parameters
    ----------
    density : CountedDensity
    start : ndarray, shape (d,)
        With a finite density and gradient.
    history_size : int
        Steps that count for the curvature.
    max_iterations : int

    Yields
    ------
    PathGaussian
    """
    inverse = InverseHessian(start.size, history_size)
    value, gradient = density.gradient(start)
    here = _Point(start, float(value), gradient)
    for _ in range(max_iterations):
        direction = inverse.times(here.gradient)
        if not here.gradient @ direction > 2 * _SMALL_GAIN:
            return
        there = _step(density, here, direction)
        if there is None:
            return
        inverse.add(there.at - here.at, here.gradient - there.gradient)
        here = there
        gaussian = inverse.gaussian(here.at, here.gradient)
        if gaussian is not None and np.isfinite(gaussian.mean).all():
            yield gaussian


@dataclass(frozen=True, eq=False)
class _Point:
    at: FloatArray
    value: float
    gradient: FloatArray


def _step(density: CountedDensity, here: _Point, direction: FloatArray) -> _Point | None:
    """Return a point uphill that meets the weak Wolfe conditions, or None."""
    slope = float(here.gradient @ direction)
    low, high, best = 0.0, np.inf, None
    length = min(1.0, 1 / float(np.linalg.norm(direction)))
    for _ in range(_MAX_BISECTED):
        at = here.at + length * direction
        value, gradient = density.gradient(at)
        usable = np.isfinite(value) and np.isfinite(gradient).all()
        if not usable or value < here.value + _DECREASE * length * slope:
            high = length
        else:
            best = _Point(at, float(value), gradient)
            if gradient @ direction <= _FLATTENING * slope:
                return best
            low = length
        length = 2 * low if np.isinf(high) else (low + high) / 2
    return best


def best_of(
    density: CountedDensity,
    gaussians: Iterable[PathGaussian],
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[float, PathGaussian] | None:
    """Return the Gaussian with the largest ELBO, estimated from so many draws, and that ELBO.

    None if no draw of any has a density.
    """
    best = None
    for gaussian in gaussians:
        normal = rng.standard_normal((n_draws, gaussian.mean.size))
        log_p = density.log_density(gaussian.points(normal))
        entropy = gaussian.log_sds + 0.5 * gaussian.mean.size * (1 + np.log(2 * np.pi))
        elbo = float(log_p.mean()) + entropy
        if np.isfinite(elbo) and (best is None or elbo > best[0]):
            best = elbo, gaussian
    return best

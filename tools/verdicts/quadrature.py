"""Moments by the trapezoidal rule, which is exact to many digits for smooth densities."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

FloatArray = npt.NDArray[np.float64]

#: Below the highest point by so many nats there is no mass to speak of.
_NEGLIGIBLE = 20.0
#: Points along all axes while the box is sought.
_COARSE = 40_000

#: Points that are evaluated together.
_PART = 4000


def grid(
    log_density: Callable[[FloatArray], FloatArray], box: FloatArray, *, n: int
) -> tuple[FloatArray, FloatArray]:
    """Return points and their weights, of sum 1.

    Parameters
    ----------
    log_density : callable
        Of points, shape (m, d), in nats.
    box : ndarray, shape (d, 2)
        Holds all of the mass; the grid is of the part of it that does.
    n : int
        Points along each axis.
    """
    coarse = int(_COARSE ** (1 / len(box)))
    for _ in range(3):
        points = _points(box, coarse)
        log_p = _by_parts(log_density, points)
        inside = points[log_p > log_p.max() - _NEGLIGIBLE]
        cell = (box[:, 1] - box[:, 0]) / (coarse - 1)
        low, high = inside.min(axis=0) - cell, inside.max(axis=0) + cell
        box = np.column_stack([np.maximum(low, box[:, 0]), np.minimum(high, box[:, 1])])
    points = _points(box, n)
    log_p = _by_parts(log_density, points)
    return points, np.exp(log_p - logsumexp(log_p))


def moments(
    weights: FloatArray, values: FloatArray, variances: FloatArray | float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return means and sds of values that have variances of their own at each point."""
    mean = weights @ values
    variance = weights @ (variances + (values - mean) ** 2)
    return mean, np.sqrt(variance)


def _by_parts(log_density: Callable[[FloatArray], FloatArray], points: FloatArray) -> FloatArray:
    parts = np.array_split(points, 1 + len(points) // _PART)
    return np.concatenate([log_density(part) for part in parts])


def _points(box: FloatArray, n: int) -> FloatArray:
    axes = [np.linspace(low, high, n) for low, high in box]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))

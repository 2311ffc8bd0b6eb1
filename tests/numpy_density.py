"""Densities in NumPy that stand for a program's, so that methods over a density need no Stan."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from scipy.special import expit

from harness.methods.counted_density import CountedDensity
from harness.program.log_density import Density, LogDensity
from tests.cases import FloatArray
from tests.known_posteriors import data_of


class NumpyDensity:
    """A log density with its derivatives by complex steps.

    Parameters
    ----------
    value : callable
        Log density of points, shape (..., d); must work with complex numbers.
    d : int
        Number of parameters.
    """

    has_exact_curvature = False

    def __init__(self, value: Callable[[Any], Any], d: int) -> None:
        self._value = value
        self.n_parameters = d
        self.failures: tuple[str, ...] = ()

    def gradient(self, points: FloatArray) -> LogDensity:
        at = np.asarray(points)
        steps = 1e-30j * np.eye(self.n_parameters)
        slopes = [np.imag(self._value(at + step)) / 1e-30 for step in steps]
        return LogDensity(np.real(self._value(at + 0j)), np.stack(slopes, axis=-1))

    def log_density(self, points: FloatArray) -> FloatArray:
        return np.asarray(np.real(self._value(np.asarray(points) + 0j)))

    def hessian_vector(self, points: FloatArray, vectors: FloatArray) -> FloatArray:
        at, along = np.broadcast_arrays(points, vectors)
        step = 1e-5 * along
        ahead, behind = self.gradient(at + step).gradient, self.gradient(at - step).gradient
        return (ahead - behind) / 2e-5


def counted(value: Callable[[Any], Any], d: int) -> CountedDensity:
    return CountedDensity(cast("Density", NumpyDensity(value, d)))


def gaussian(mean: FloatArray, covariance: FloatArray) -> CountedDensity:
    precision = np.linalg.inv(covariance)

    def value(at: FloatArray) -> FloatArray:
        return np.asarray(-0.5 * np.einsum("...i,ij,...j", at - mean, precision, at - mean))

    return counted(value, mean.size)


def correlated(d: int, *, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """A mean and a covariance with correlations, and sds from 0.001 to 10."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((d, d)) / d**0.5
    scale = 10 ** rng.uniform(-3, 1, d)
    shape = root @ root.T + 0.1 * np.eye(d)
    return 3 * rng.standard_normal(d), shape * np.outer(scale, scale)


def logistic() -> CountedDensity:
    """The posterior of ``models/logistic.stan``, whose moments `known_posteriors` has."""
    data = data_of("logistic")
    x = np.column_stack([np.ones(data["N"]), data["x"]])

    def value(at: FloatArray) -> FloatArray:
        logits = at @ x.T
        log_sum = _softplus(logits)
        prior = -(at**2).sum(axis=-1) / (2 * 2.5**2)
        return np.asarray(logits @ data["y"] - log_sum.sum(axis=-1) + prior)

    return counted(value, x.shape[1])


def _softplus(logits: Any) -> Any:
    """``log(1 + exp(.))`` with its derivative in the imaginary part."""
    real = logits.real
    return np.asarray(np.logaddexp(0, real) + 1j * expit(real) * logits.imag)

"""Gaussians on the unconstrained scale: draws and their log densities (pure)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: Covariance matrices are of so many parameters at most.
MAX_DENSE = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class LowRank:
    """A covariance of low rank plus a diagonal, ``diag(variances) + loadings loadings'``.

    Attributes
    ----------
    variances : ndarray, shape (d,)
    loadings : ndarray, shape (d, rank)
    """

    variances: FloatArray
    loadings: FloatArray

    def whitened(self, away: FloatArray) -> tuple[FloatArray, float]:
        """Return deviations of shape (n, d) in units in which all directions have an sd of one.

        Also half the log determinant of the covariance.  No matrix of d columns and rows is made:
        in units of the diagonal the covariance is a change of the identity along a few directions.
        """
        units, directions, lengths = self._in_units()
        widths = np.hypot(1, lengths)
        white = away / units
        white += (white @ directions * (1 / widths - 1)) @ directions.T
        return white, float(np.log(units).sum() + np.log(widths).sum())

    def solve(self, away: FloatArray) -> FloatArray:
        """Return what the inverse of the covariance makes of deviations of shape (n, d)."""
        units, directions, lengths = self._in_units()
        white = away / units
        return np.asarray(
            (white - (white @ directions * (lengths / np.hypot(1, lengths)) ** 2) @ directions.T)
            / units
        )

    def _in_units(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the sds of the diagonal, and in these units the loadings' axes and lengths."""
        units = np.sqrt(self.variances)
        directions, lengths, _ = np.linalg.svd(self.loadings / units[:, None], full_matrices=False)
        return units, directions, lengths


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """A Gaussian approximation.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    factor : ndarray or LowRank
        Of its covariance: sds, shape (d,); the lower Cholesky factor, shape (d, d); or low rank
        plus a diagonal.
    """

    mean: FloatArray
    factor: FloatArray | LowRank

    @property
    def covariance(self) -> FloatArray:
        """The covariance matrix, shape (d, d)."""
        if isinstance(self.factor, LowRank):
            return np.diag(self.factor.variances) + self.factor.loadings @ self.factor.loadings.T
        if self.factor.ndim == 1:
            return np.diag(self.factor**2)
        return np.asarray(self.factor @ self.factor.T)

    @property
    def sd(self) -> FloatArray:
        """Standard deviations of the coordinates, shape (d,)."""
        if isinstance(self.factor, LowRank):
            squares = np.square(self.factor.loadings).sum(axis=1)
            return np.asarray(np.sqrt(self.factor.variances + squares))
        if self.factor.ndim == 1:
            return self.factor
        return np.asarray(np.sqrt(np.square(self.factor).sum(axis=1)))

    def draw(self, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Draw points.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            Decides them.

        Returns
        -------
        tuple of ndarray
            Points, shape (n, d), and the Gaussian's log density there, shape (n,), in nats.
        """
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((n, self.mean.size))
        away = self._away(z, rng)
        return self.mean + away, self.log_density(self.mean + away)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density at points of shape (n, d), in nats, shape (n,)."""
        away = points - self.mean
        factor = self._lean_factor()
        if isinstance(factor, LowRank):
            white, log_scale = factor.whitened(away)
        elif factor.ndim == 1:
            white, log_scale = away / factor, np.log(factor).sum()
        else:
            white = scipy.linalg.solve_triangular(factor, away.T, lower=True).T
            log_scale = np.log(np.diag(factor)).sum()
        constant = 0.5 * self.mean.size * np.log(2 * np.pi) + log_scale
        return np.asarray(-0.5 * np.square(white).sum(axis=1) - constant)

    def gradient(self, points: FloatArray) -> FloatArray:
        """Return the gradient of the log density at points of shape (n, d), in their shape."""
        away, factor = points - self.mean, self._lean_factor()
        if isinstance(factor, LowRank):
            return np.asarray(-factor.solve(away))
        if factor.ndim == 1:
            return np.asarray(-away / factor**2)
        return np.asarray(-scipy.linalg.cho_solve((factor, True), away.T).T)

    def _lean_factor(self) -> FloatArray | LowRank:
        """Return the factor; that of few parameters as a matrix, which rounds less."""
        if isinstance(self.factor, LowRank) and self.mean.size <= MAX_DENSE:
            return np.asarray(np.linalg.cholesky(self.covariance))
        return self.factor

    def _away(self, z: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return how far from the mean standard normal numbers lead."""
        if isinstance(self.factor, LowRank):
            shared = rng.standard_normal((len(z), self.factor.loadings.shape[1]))
            return z * np.sqrt(self.factor.variances) + shared @ self.factor.loadings.T
        return np.asarray(z * self.factor if self.factor.ndim == 1 else z @ self.factor.T)

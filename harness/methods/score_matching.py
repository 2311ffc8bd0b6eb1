"""Gaussians that match the scores of a batch, in closed form; `batch_and_match.py` iterates them.

Cai et al. (2024), arXiv:2402.14758; of low rank, Modi, Cai and Saul (2024), arXiv:2410.22292.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.gaussian import Gaussian, LowRank

#: Steps of the EM algorithm that brings an update back to its rank.
_N_PATCH = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Covariance(LowRank):
    """A covariance of low rank plus a diagonal, with what updates need of it."""

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the covariance times columns, shape (d, n)."""
        along = self.loadings @ (self.loadings.T @ columns)
        product: FloatArray = self.variances[:, None] * columns + along
        return product

    def scaled(self, by: FloatArray) -> Self:
        """Return that of coordinates times numbers, shape (d,)."""
        loadings = self.loadings * by[:, None]
        return replace(self, variances=self.variances * by**2, loadings=loadings)


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedCovariance:
    """The covariance of an update: `prior` less ``taken @ taken.T``.

    Attributes
    ----------
    prior : Covariance
        That of the last update, and of the batch.
    taken : ndarray, shape (d, n)
        What the scores take away.
    """

    prior: Covariance
    taken: FloatArray

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the covariance times columns, shape (d, n)."""
        product: FloatArray = self.prior.times(columns) - self.taken @ (self.taken.T @ columns)
        return product

    def diagonal(self) -> FloatArray:
        """Return the diagonal."""
        spread = (self.prior.loadings**2).sum(axis=1) - (self.taken**2).sum(axis=1)
        variances: FloatArray = self.prior.variances + spread
        return variances

    def root(self) -> FloatArray:
        """Return a matrix R with ``R @ R.T`` this covariance, shape (d, d)."""
        dense = self.times(np.eye(self.prior.variances.size))
        values, vectors = np.linalg.eigh(0.5 * (dense + dense.T))
        root: FloatArray = vectors * np.sqrt(np.maximum(values, values[-1] * 1e-14))
        return root

    def patched(self, near: Covariance) -> Covariance:
        """Return the nearest covariance of the rank of another, by EM from there.

        In Kullback-Leibler divergence: factor analysis (Rubin and Thayer 1982) of this covariance.
        """
        for _ in range(_N_PATCH):
            scaled = near.loadings / near.variances[:, None]
            inner = np.linalg.inv(np.eye(scaled.shape[1]) + near.loadings.T @ scaled)
            regression = scaled @ inner
            seen = self.times(regression)
            loadings = seen @ np.linalg.inv(inner + regression.T @ seen)
            variances = self.diagonal()
            own = np.maximum(variances - (loadings * seen).sum(axis=1), 1e-9 * variances)
            near = Covariance(variances=own, loadings=loadings)
        return near


def match(
    covariance: Covariance, points: FloatArray, scores: FloatArray, *, lam: float
) -> tuple[FloatArray, MatchedCovariance]:
    """Return mean and covariance of the Gaussian that matches the scores of a batch.

    Parameters
    ----------
    covariance : Covariance
        Of the last Gaussian, whose mean is 0.
    points, scores : ndarray, shape (batch, d)
        Draws from it, and the gradients of the log density there.
    lam : float
        How much the batch counts, against the last Gaussian.

    Notes
    -----
    The paper's algorithm 1 and, for the covariance, the low-rank form of its appendix.
    """
    part = lam / (1 + lam)
    centre, score = points.mean(axis=0), scores.mean(axis=0)
    root = (lam / len(points)) ** 0.5
    of_batch = np.column_stack([root * (points - centre).T, part**0.5 * centre])
    of_scores = np.column_stack([root * (scores - score).T, part**0.5 * score])
    prior = replace(covariance, loadings=np.hstack([covariance.loadings, of_batch]))
    seen = prior.times(of_scores)
    values, vectors = np.linalg.eigh(of_scores.T @ seen)
    weight = 1 / (0.5 + np.sqrt(np.maximum(values, 0) + 0.25))
    matched = MatchedCovariance(prior=prior, taken=(seen @ vectors) * weight)
    return part * (matched.times(score[:, None])[:, 0] + centre), matched


@dataclass(frozen=True, kw_only=True, eq=False)
class FullRank:
    """A Gaussian with any covariance: ``mean + root @ normal``.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    root : ndarray, shape (d, d)
    """

    mean: FloatArray
    root: FloatArray

    def drawn(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Return standard normal draws, which :meth:`points` moves."""
        return rng.standard_normal((n, self.mean.size))

    def points(self, drawn: FloatArray) -> FloatArray:
        """Return draws from the Gaussian."""
        points: FloatArray = self.mean + drawn @ self.root.T
        return points

    def narrower(self) -> Self:
        """Return it with half the sds."""
        return replace(self, root=self.root / 2)

    def sds(self) -> FloatArray:
        """Return the sds of the coordinates."""
        return np.linalg.norm(self.root, axis=1)

    def matched(self, drawn: FloatArray, scores: FloatArray, *, lam: float) -> Self:
        """Return the next Gaussian.

        It is found where this one is standard normal, so that rounding errors are small.
        """
        d = self.mean.size
        standard = Covariance(variances=np.ones(d), loadings=np.empty((d, 0)))
        mean, matched = match(standard, drawn, scores @ self.root, lam=lam)
        return replace(self, mean=self.mean + self.root @ mean, root=self.root @ matched.root())

    def gaussian(self) -> Gaussian:
        """Return it in the form of a fit."""
        upper = np.linalg.qr(self.root.T, mode="r")
        return Gaussian(mean=self.mean, factor=(upper * np.sign(np.diag(upper))[:, None]).T)


@dataclass(frozen=True, kw_only=True, eq=False)
class OfRank:
    """A Gaussian with correlations in a few directions.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    covariance : Covariance
    """

    mean: FloatArray
    covariance: Covariance

    def drawn(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Return draws about 0, in units of the sds."""
        loadings, variances = self.covariance.loadings, self.covariance.variances
        shared = rng.standard_normal((n, loadings.shape[1])) @ loadings.T
        own = rng.standard_normal((n, self.mean.size)) * np.sqrt(variances)
        drawn: FloatArray = (shared + own) / self.sds()
        return drawn

    def points(self, drawn: FloatArray) -> FloatArray:
        """Return draws from the Gaussian."""
        return self.mean + drawn * self.sds()

    def narrower(self) -> Self:
        """Return it with half the sds."""
        own, loadings = self.covariance.variances / 4, self.covariance.loadings / 2
        return replace(self, covariance=Covariance(variances=own, loadings=loadings))

    def sds(self) -> FloatArray:
        """Return the sds of the coordinates."""
        covariance = self.covariance
        return np.sqrt(covariance.variances + (covariance.loadings**2).sum(axis=1))

    def matched(self, drawn: FloatArray, scores: FloatArray, *, lam: float) -> Self:
        """Return the next Gaussian, brought back to its rank."""
        sds = self.sds()
        scaled = self.covariance.scaled(1 / sds)
        mean, matched = match(scaled, drawn, scores * sds, lam=lam)
        covariance = matched.patched(scaled).scaled(sds)
        return replace(self, mean=self.mean + sds * mean, covariance=covariance)

    def gaussian(self) -> Gaussian:
        """Return it in the form of a fit."""
        return Gaussian(mean=self.mean, factor=self.covariance)

"""Energy distance and maximum mean discrepancy: two-sample distances from all pairs of draws.

Each is zero only where the distributions agree. They work in the coordinates given: pass whitened
draws (`harness.metrics.whitening.whiten`) for a value that no change of units alters. Time grows
with the square of the number of draws; 4,000 against 4,000 take a second or two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from harness.errors import HarnessError
from harness.metrics.draws import Estimate, Floats, flatten, vector_draws
from harness.metrics.standard_errors import mean_mcse

_DRAWS_FOR_BANDWIDTH = 1000
# In more dimensions a product of matrices gives the distances, far faster.
_DIRECT_SIZE = 64


def energy_distance(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> Estimate:
    r"""Energy distance, the V-statistic.

    :math:`2 E|X - R| - E|X - X'| - E|R - R'|` with all pairs, equal ones included: never
    negative, and biased upwards by about :math:`E|X-X'|/n_x + E|R-R'|/n_r`. This is the squared
    metric; `scipy.stats.energy_distance` is the root of it, for one coordinate.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference, in the same coordinates.

    Returns
    -------
    Estimate
        In the units of the coordinates (not squared). The MCSE is first order (see `mmd`).

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs or a draw is not finite.

    References
    ----------
    Szekely and Rizzo (2013), Energy statistics, Journal of Statistical Planning and Inference
    143(8), equations (5) and (6).
    """
    return PairDistances.of(*_pair(draws, reference)).energy_distance()


def mmd(
    draws: npt.ArrayLike, *, reference: npt.ArrayLike, bandwidth: float | None = None
) -> Estimate:
    r"""Squared maximum mean discrepancy with a Gaussian kernel, the unbiased U-statistic.

    :math:`E k(X, X') + E k(R, R') - 2 E k(X, R)` with
    :math:`k(a, b) = \exp(-|a - b|^2 / (2 h^2))` and pairs of distinct draws; it may be negative
    where the distributions agree. The MCSE is that of its first-order (Hajek) projection, through
    each chain's effective sample size; where the distributions agree this projection vanishes, and
    the MCSE is then too small by an amount of order 1/n.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference, in the same coordinates.
    bandwidth : float, optional
        h, in the units of the coordinates. Default: `median_distance`.

    Returns
    -------
    Estimate
        No unit, at most 2.

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs, a draw is not finite or the bandwidth is not positive.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schoelkopf and Smola (2012), A kernel two-sample test, JMLR 13,
    equation (3).
    """
    return PairDistances.of(*_pair(draws, reference)).mmd(bandwidth=bandwidth)


def median_distance(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> float:
    """Median distance between pooled draws, the customary bandwidth of the kernel.

    Up to 1,000 draws of each set, evenly spaced, are used.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference, in the same coordinates.

    Returns
    -------
    float
        In the units of the coordinates.

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs or a draw is not finite.

    References
    ----------
    Gretton et al. (2012), JMLR 13, section 8.
    """
    return PairDistances.of(*_pair(draws, reference)).median()


def _pair(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    x = vector_draws(draws, name="draws")
    r = vector_draws(reference, name="reference")
    if x.shape[-1] != r.shape[-1]:
        raise HarnessError(f"draws have {x.shape[-1]} parameters, the reference {r.shape[-1]}")
    return x, r


@dataclass(frozen=True, kw_only=True, eq=False)
class PairDistances:
    """The distances of all pairs of draws, from which both statistics come.

    Attributes
    ----------
    within_x, within_r : ndarray (n_x, n_x) and (n_r, n_r)
        In each set.
    between : ndarray (n_x, n_r)
        From the draws of one to those of the other.
    shape_x, shape_r : tuple of int
        (n_draws,) or (chain, draw), so that chains stay chains.
    """

    within_x: Floats
    within_r: Floats
    between: Floats
    shape_x: tuple[int, ...]
    shape_r: tuple[int, ...]

    @classmethod
    def of(cls, draws: Floats, reference: Floats) -> Self:
        """Measure all pairs of draws, shaped (n_draws, d) or (chain, draw, d)."""
        x, r = flatten(draws), flatten(reference)
        return cls(
            within_x=_distances(x, x),
            within_r=_distances(r, r),
            between=_distances(x, r),
            shape_x=draws.shape[:-1],
            shape_r=reference.shape[:-1],
        )

    def energy_distance(self) -> Estimate:
        """See `energy_distance`."""
        within_x, within_r, x_to_r, r_to_x = self._means(_identity, without_self=False)
        value = 2 * float(x_to_r.mean()) - float(within_x.mean()) - float(within_r.mean())
        mcse = _mcse(2 * (x_to_r - within_x), 2 * (r_to_x - within_r))
        return Estimate(value=max(value, 0.0), mcse=mcse)

    def mmd(self, *, bandwidth: float | None = None) -> Estimate:
        """See `mmd`."""
        h = self.median() if bandwidth is None else bandwidth
        if not h > 0:
            raise HarnessError(f"the bandwidth must be positive; got {h}")

        def kernel(distance: Floats) -> Floats:
            return np.exp(-(distance**2) / (2 * h**2))

        within_x, within_r, x_to_r, r_to_x = self._means(kernel, without_self=True)
        value = float(within_x.mean()) + float(within_r.mean()) - 2 * float(x_to_r.mean())
        return Estimate(value=value, mcse=_mcse(2 * (within_x - x_to_r), 2 * (within_r - r_to_x)))

    def median(self) -> float:
        """See `median_distance`."""
        at_x, at_r = (_evenly_spaced(len(d)) for d in (self.within_x, self.within_r))
        within = [
            distances[np.ix_(at, at)][np.triu_indices(len(at), k=1)]
            for distances, at in ((self.within_x, at_x), (self.within_r, at_r))
        ]
        return float(np.median(np.concatenate([*within, self.between[np.ix_(at_x, at_r)].ravel()])))

    def _means(
        self, kernel: Callable[[Floats], Floats], *, without_self: bool
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean kernel of each draw with the draws of its own set, and of the other set."""
        at_zero = float(kernel(np.zeros(1))[0]) if without_self else 0.0
        within = []
        for distances in (self.within_x, self.within_r):
            sums = kernel(distances).sum(axis=1)
            within.append((sums - at_zero) / (len(distances) - without_self))
        between = kernel(self.between)
        x_to_r = between.sum(axis=1) / between.shape[1]
        r_to_x = np.ascontiguousarray(between.T).sum(axis=1) / between.shape[0]
        return (
            within[0].reshape(self.shape_x),
            within[1].reshape(self.shape_r),
            x_to_r.reshape(self.shape_x),
            r_to_x.reshape(self.shape_r),
        )


def _distances(a: Floats, b: Floats) -> Floats:
    """Distances of all rows of two matrices."""
    if a.shape[1] <= _DIRECT_SIZE:
        return cdist(a, b)
    squares = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * (a @ b.T)
    if a is b:
        np.fill_diagonal(squares, 0.0)
    distances: Floats = np.sqrt(np.maximum(squares, 0.0))
    return distances


def _evenly_spaced(count: int) -> npt.NDArray[np.intp]:
    """Pick the draws that the bandwidth is taken from."""
    return np.linspace(0, count - 1, min(count, _DRAWS_FOR_BANDWIDTH)).astype(np.intp)


def _mcse(projection_x: Floats, projection_r: Floats) -> float:
    return float(np.hypot(mean_mcse(projection_x), mean_mcse(projection_r)))


def _identity(distance: Floats) -> Floats:
    return distance

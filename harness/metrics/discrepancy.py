"""Energy distance and maximum mean discrepancy: two-sample distances from all pairs of draws.

Each is zero only where the distributions agree. They work in the coordinates given: pass whitened
draws (`harness.metrics.distance.whiten`) for a value that no change of units alters. Time grows
with the square of the number of draws; 4,000 against 4,000 take a second or two.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist, pdist

from harness.errors import HarnessError
from harness.metrics.draws import Estimate, Floats, flatten, mean_mcse, vector_draws

_ROWS_PER_BLOCK = 500
_DRAWS_FOR_BANDWIDTH = 1000


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
    x, r = _pair(draws, reference)
    within_x, within_r, x_to_r, r_to_x = _pair_means(x, r, kernel=_identity, unbiased=False)
    value = 2 * float(x_to_r.mean()) - float(within_x.mean()) - float(within_r.mean())
    mcse = _mcse(2 * (x_to_r - within_x), 2 * (r_to_x - within_r))
    return Estimate(value=max(value, 0.0), mcse=mcse)


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
    x, r = _pair(draws, reference)
    h = median_distance(x, reference=r) if bandwidth is None else bandwidth
    if not h > 0:
        raise HarnessError(f"the bandwidth must be positive; got {h}")

    def kernel(distance: Floats) -> Floats:
        return np.exp(-(distance**2) / (2 * h**2))

    within_x, within_r, x_to_r, r_to_x = _pair_means(x, r, kernel=kernel, unbiased=True)
    value = float(within_x.mean()) + float(within_r.mean()) - 2 * float(x_to_r.mean())
    return Estimate(value=value, mcse=_mcse(2 * (within_x - x_to_r), 2 * (within_r - r_to_x)))


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
    thinned = []
    for values in _pair(draws, reference):
        rows = flatten(values)
        count = min(len(rows), _DRAWS_FOR_BANDWIDTH)
        thinned.append(rows[np.linspace(0, len(rows) - 1, count).astype(np.intp)])
    return float(np.median(pdist(np.concatenate(thinned))))


def _pair(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    x = vector_draws(draws, name="draws")
    r = vector_draws(reference, name="reference")
    if x.shape[-1] != r.shape[-1]:
        raise HarnessError(f"draws have {x.shape[-1]} parameters, the reference {r.shape[-1]}")
    return x, r


def _pair_means(
    x: Floats, r: Floats, *, kernel: Callable[[Floats], Floats], unbiased: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean kernel of each draw with the draws of its own set, and of the other set.

    Returned in the shape of the draws without the last axis, so that chains stay chains.
    """
    rows_x, rows_r = flatten(x), flatten(r)
    within_x = _row_means(rows_x, rows_x, kernel=kernel, without_self=unbiased)
    within_r = _row_means(rows_r, rows_r, kernel=kernel, without_self=unbiased)
    x_to_r = _row_means(rows_x, rows_r, kernel=kernel, without_self=False)
    r_to_x = _row_means(rows_r, rows_x, kernel=kernel, without_self=False)
    return (
        within_x.reshape(x.shape[:-1]),
        within_r.reshape(r.shape[:-1]),
        x_to_r.reshape(x.shape[:-1]),
        r_to_x.reshape(r.shape[:-1]),
    )


def _row_means(
    a: Floats, b: Floats, *, kernel: Callable[[Floats], Floats], without_self: bool
) -> Floats:
    blocks = [
        kernel(cdist(a[start : start + _ROWS_PER_BLOCK], b)).sum(axis=1)
        for start in range(0, len(a), _ROWS_PER_BLOCK)
    ]
    sums: Floats = np.concatenate(blocks)
    if without_self:
        return (sums - float(kernel(np.zeros(1))[0])) / (len(b) - 1)
    return sums / len(b)


def _mcse(projection_x: Floats, projection_r: Floats) -> float:
    return float(np.hypot(mean_mcse(projection_x), mean_mcse(projection_r)))


def _identity(distance: Floats) -> Floats:
    return distance

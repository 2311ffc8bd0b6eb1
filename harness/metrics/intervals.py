"""What part of a reference lies in an approximation's central intervals."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.stats import hypergeom, norm

from harness.metrics.batch import Batch
from harness.metrics.draws import Floats

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
# Of the 95% intervals that the bandwidth is best for.
_NORMAL_975 = 1.96
# Products of a share and a count are whole up to this.
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverages:
    """Fractions of the reference inside the central intervals of several parameters.

    Attributes
    ----------
    values, mcses : ndarray (parameter,)
        See `harness.metrics.parameter.coverage`.
    chances : ndarray (parameter,)
        The probability that exact draws have a coverage as far from the nominal one, on either
        side.
    """

    values: Floats
    mcses: Floats
    chances: Floats


def coverages(x: Batch, r: Batch, *, level: float) -> Coverages:
    """Fractions of the reference inside the central intervals of several parameters.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference.
    level : float
        Nominal probability of the interval.

    Returns
    -------
    Coverages
    """
    low, high = 0.5 - level / 2, 0.5 + level / 2
    ends = x.quantiles([low, high])
    lower, upper = (np.expand_dims(ends[:, k], tuple(range(1, r.values.ndim))) for k in (0, 1))
    found, error, m_effective = r.shares((r.values >= lower) & (r.values <= upper))
    n_effective = np.minimum(x.quantile_ess(low), x.quantile_ess(high))
    mcse = np.sqrt(error**2 + _interval_variances(x, r, n_effective, low=low, high=high))
    for j in np.flatnonzero(r.has_ties & x.has_ties):
        found[j], mcse[j] = _randomised(x, r, int(j), level=level)
    chances = _chances(
        found, np.minimum(n_effective, x.size), np.minimum(m_effective, r.size), level=level
    )
    return Coverages(values=found, mcses=mcse, chances=chances)


def _chances(found: Floats, n: Floats, m: Floats, *, level: float) -> Floats:
    """Return two-sided p-values of coverages, of n and m draws of one distribution.

    Whatever that distribution is, the count of reference draws between two order statistics of the
    others depends on ranks alone: k of them or fewer precede the a-th of n exactly if at least a
    of the n are among the first k + a of all (precedence tests, Balakrishnan and Ng 2006).
    """
    ours, theirs = (np.maximum(np.rint(each), 1.0) for each in (n, m))
    held = np.maximum(np.rint((ours - 1) * level), 1.0)
    # of a count that is not whole, the one that is less extreme
    up, down = (
        np.ceil(found * theirs - _ROUNDING),
        np.floor(found * theirs + _ROUNDING),
    )
    at_most = hypergeom.sf(held - 1, ours + theirs, ours, up + held)
    at_least = hypergeom.cdf(held - 1, ours + theirs, ours, down - 1 + held)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(at_most, at_least)), dtype=np.float64)


def _randomised(x: Batch, r: Batch, j: int, *, level: float) -> tuple[float, float]:
    """Coverage of a discrete parameter, by the mean of the randomised probability transform.

    The transform of a draw is uniform between the fractions of the approximation's draws below
    it and not above it (Czado, Gneiting and Held 2009); its part in the central interval counts.
    """
    below, up_to = (
        np.searchsorted(x.ordered[j], r.values[j], side=side) / x.size for side in _SIDES
    )
    low, high = 0.5 - level / 2, 0.5 + level / 2
    inside = np.minimum(up_to, high) - np.maximum(below, low)
    width = up_to - below
    is_tied = width > 0
    share = np.where(is_tied, inside / np.where(is_tied, width, 1.0), (inside >= 0).astype(float))
    of_reference = Batch(np.clip(share, 0.0, 1.0)[None])
    of_interval = level * (1 - level) / float(x.quantile_ess(low)[j])
    variance = float(of_reference.mean_mcse[0]) ** 2 + of_interval
    return float(of_reference.mean[0]), float(np.sqrt(variance))


def _interval_variances(
    x: Batch, r: Batch, n_effective: Floats, *, low: float, high: float
) -> Floats:
    """Variance of the reference's mass between two sample quantiles of `x`."""
    probs = np.array([low, high])
    covariance = np.minimum.outer(probs, probs) - np.outer(probs, probs)
    widest = _at_normal(low, high) * n_effective[:, None] ** (-1 / 3)
    step = np.minimum(widest, np.minimum(probs, 1 - probs))
    masses = _masses_below(r, x.quantiles(np.concatenate([probs + step, probs - step], axis=1)))
    slopes = (masses[:, :2] - masses[:, 2:]) / (2 * step) * np.array([-1.0, 1.0])
    return np.asarray(np.sum(slopes @ covariance * slopes, axis=1) / n_effective)


@lru_cache(maxsize=8)
def _at_normal(*probs: float) -> Floats:
    """Half of the probability over which the slope of a quantile function is best taken.

    Over a standard error of the quantile's probability it rests on a dozen draws, and the error of
    a coverage is then itself off by a quarter.  This is the width for one draw of a Gaussian;
    it falls with the cube root of their number.

    References
    ----------
    Hall and Sheather (1988), On the distribution of a studentized quantile, JRSS B 50(3).
    """
    z = norm.ppf(probs)
    found: Floats = _NORMAL_975 ** (2 / 3) * (1.5 * norm.pdf(z) ** 2 / (2 * z**2 + 1)) ** (1 / 3)
    return found


def _masses_below(r: Batch, limits: Floats) -> Floats:
    """Return the fractions of each parameter's draws below its limits."""
    counts = [np.searchsorted(*pair) for pair in zip(r.ordered, limits, strict=True)]
    return np.array(counts) / r.size

"""What part of a reference lies in an approximation's central intervals."""

from typing import Literal

import numpy as np

from harness.metrics.batch import Batch
from harness.metrics.draws import Floats

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


def coverages(x: Batch, r: Batch, *, level: float) -> tuple[Floats, Floats]:
    """Fractions of the reference inside the central intervals of several parameters.

    See `harness.metrics.parameter.coverage`.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference.
    level : float
        Nominal probability of the interval.

    Returns
    -------
    values, mcses : ndarray (parameter,)
    """
    low, high = 0.5 - level / 2, 0.5 + level / 2
    ends = x.quantiles([low, high])
    lower, upper = (np.expand_dims(ends[:, k], tuple(range(1, r.values.ndim))) for k in (0, 1))
    inside = Batch((r.values >= lower) & (r.values <= upper))
    variance = inside.mean_mcse**2 + _interval_variances(x, r, low=low, high=high)
    found, mcse = inside.mean, np.sqrt(variance)
    for j in np.flatnonzero(r.has_ties & x.has_ties):
        found[j], mcse[j] = _randomised(x, r, int(j), level=level)
    return found, mcse


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


def _interval_variances(x: Batch, r: Batch, *, low: float, high: float) -> Floats:
    """Variance of the reference's mass between two sample quantiles of `x`."""
    probs = np.array([low, high])
    n_effective = np.minimum(x.quantile_ess(low), x.quantile_ess(high))
    covariance = np.minimum.outer(probs, probs) - np.outer(probs, probs)
    spread = np.sqrt(np.diag(covariance) / n_effective[:, None])
    step = np.minimum(spread, np.minimum(probs, 1 - probs))
    above, below = (_masses_below(r, x.quantiles(probs + sign * step)) for sign in (1, -1))
    slopes = (above - below) / (2 * step) * np.array([-1.0, 1.0])
    variances = [slope @ covariance @ slope for slope in slopes]
    return np.array(variances) / n_effective


def _masses_below(r: Batch, limits: Floats) -> Floats:
    """Return the fractions of each parameter's draws below its limits."""
    counts = [np.searchsorted(*pair) for pair in zip(r.ordered, limits, strict=True)]
    return np.array(counts) / r.size

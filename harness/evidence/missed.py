"""What a mode without draws would do to the moments of draws.

A margin in nats would be arbitrary: a mode of 2% close by does no harm.
"""

from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.search import Search

#: A mode with less than this part of its share of the draws is missed.
_VISITED = 0.25


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What the modes that draws lack would do to their moments.

    Attributes
    ----------
    share : float
        Of the mass, by Laplace's approximation.
    mean_error_sd : float
        Largest shift of a mean, in sds of the draws with these modes.
    log_sd_ratio : float
        Largest logarithm of the ratio of an sd with and without them.
    is_endless : bool
        Whether there is a place from which the density does not fall, however far one goes.
    """

    share: float = 0.0
    mean_error_sd: float = 0.0
    log_sd_ratio: float = 0.0
    is_endless: bool = False


def missed(search: Search, points: FloatArray, weights: FloatArray | None = None) -> Missed:
    """Return what the modes without draws would do to the draws' means and sds.

    Parameters
    ----------
    search : Search
    points : ndarray, shape (n, d)
        The draws that are to be used.
    weights : ndarray, shape (n,), optional
        Of sum 1; equal by default.

    Returns
    -------
    Missed
        All 0 where every mode has its draws; all infinite where the draws are at none of them.
    """
    if len(search.modes) < 2:
        return Missed(is_endless=search.is_endless)
    weights = np.full(len(points), 1 / len(points)) if weights is None else weights
    nearest = search.regions().nearest(points)
    drawn = np.bincount(nearest, weights, minlength=len(search.modes))
    lacking = drawn < _VISITED * search.shares
    if lacking.all():
        return Missed(
            share=1.0,
            mean_error_sd=np.inf,
            log_sd_ratio=np.inf,
            is_endless=search.is_endless,
        )
    mean = weights @ points
    variance = weights @ (points - mean) ** 2
    parts = [(float(search.shares[~lacking].sum()), mean, variance)] + [
        (float(share), mode.point, np.sum(mode.factor**2, axis=1))
        for share, mode, lacks in zip(search.shares, search.modes, lacking, strict=True)
        if lacks
    ]
    full_mean = sum(share * m for share, m, _ in parts)
    full_variance = sum(share * (v + (m - full_mean) ** 2) for share, m, v in parts)
    return Missed(
        share=float(search.shares[lacking].sum()),
        mean_error_sd=float(np.max(np.abs(full_mean - mean) / np.sqrt(full_variance))),
        log_sd_ratio=float(np.max(np.abs(0.5 * np.log(full_variance / variance)))),
        is_endless=search.is_endless,
    )

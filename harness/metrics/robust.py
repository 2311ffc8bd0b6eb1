"""Errors of parameters whose reference has no sd: by median and median absolute deviation."""

import numpy as np
from scipy.stats import wasserstein_distance

from harness.metrics.batch import Batch
from harness.metrics.draws import Floats

#: A Gaussian's sd in median absolute deviations.
_SD_PER_MAD = 1.4826
# Where the tails begin that a distance of such distributions leaves out.
_TAILS = (0.01, 0.99)


def robust_errors(x: Batch, r: Batch) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Errors of location and scale, and the distance, as `harness.metrics.parameter` has them.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference, the same parameters in the same order.

    Returns
    -------
    location, location_mcse, log_scale_ratio, log_scale_ratio_mcse, w1 : ndarray (parameter,)
        The first two and the last in sds that a Gaussian with the reference's median absolute
        deviation has; the distance between the reference's 1% and 99% quantiles.

    References
    ----------
    Huber and Ronchetti (2009), Robust statistics, section 5.1.
    """
    away_x, away_r = _away(x), _away(r)
    scale_x, scale_r = (_SD_PER_MAD * away.quantiles([0.5])[:, 0] for away in (away_x, away_r))
    with np.errstate(divide="ignore", invalid="ignore"):
        location = (x.quantiles([0.5])[:, 0] - r.quantiles([0.5])[:, 0]) / scale_r
        location_mcse = np.hypot(x.quantile_mcse(0.5), r.quantile_mcse(0.5)) / scale_r
        ratio = np.log(scale_x / scale_r)
        relative = [
            _SD_PER_MAD * away.quantile_mcse(0.5) / scale
            for away, scale in ((away_x, scale_x), (away_r, scale_r))
        ]
        w1 = _central_w1(x, r) / scale_r
    return location, location_mcse, ratio, np.hypot(*relative), w1


def _away(batch: Batch) -> Batch:
    """Return the distances of draws from their median."""
    middle = np.expand_dims(batch.quantiles([0.5])[:, 0], tuple(range(1, batch.values.ndim)))
    return Batch(np.abs(batch.values - middle), worth=batch.worth)


def _central_w1(x: Batch, r: Batch) -> Floats:
    """Return Wasserstein-1 distances, the tails cut off where the reference's begin."""
    ends = r.quantiles(_TAILS)
    return np.array(
        [
            wasserstein_distance(np.clip(ours, *limits), np.clip(theirs, *limits))
            for ours, theirs, limits in zip(x.ordered, r.ordered, ends, strict=True)
        ]
    )

"""How likely exact draws are to differ so much from others of the same distribution."""

import numpy as np
from scipy.stats import norm

from harness.metrics.batch import Batch
from harness.metrics.draws import Floats


def sd_chances(x: Batch, r: Batch, ratio: Floats) -> Floats:
    """Return two-sided p-values of log ratios of the sds of two sets of draws of one distribution.

    Their kurtosis is that of both sets together. Draws that happen to lack the ends of a heavy tail
    have a small sd and a small kurtosis, and would be too sure of being narrow.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference.
    ratio : ndarray (parameter,)

    Returns
    -------
    ndarray (parameter,)
    """
    relative = np.zeros(len(x))
    weight = x.size / (x.size + r.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        second, fourth = (
            weight * ours + (1 - weight) * theirs
            for ours, theirs in zip(x.central_moments, r.central_moments, strict=True)
        )
        kurtosis = fourth / second**2 - 1
        for each in (x, r):
            own = each.central_moments[1] / each.central_moments[0] ** 2 - 1
            # the error is that of the draws' own kurtosis and effective sample size
            relative += (each.sd_mcse / each.sd) ** 2 * kurtosis / own
        return two_sided(ratio / np.sqrt(relative))


def two_sided(z: Floats) -> Floats:
    """Return the probabilities that a Gaussian is as many sds off, on either side."""
    return np.asarray(2 * norm.sf(np.abs(z)), dtype=np.float64)

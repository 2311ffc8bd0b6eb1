"""What the largest R-hat of many quantities may be."""

import math
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np
import numpy.typing as npt

from harness.verdict.rule import CHANCE_OF_MARGIN
from harness.verdict.rules import ESS_LIMIT, R_HAT_LIMIT

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: Draws of chains that mix well are worth such a part of them, for sds.
_LEAST_PART = 0.25


def r_hat_limit(
    n_effective: npt.ArrayLike, *, n_quantities: int, n_chains: int, n_draws: int
) -> float:
    """Return the limit for the largest of many R-hats.

    It is the limit for one, or what the largest of so many rarely exceeds in chains that have
    mixed, if that is more.  The variance of the means of split chains is that of the draws over
    their effective number; between a few chains it varies as chi-square, so that the largest of
    thousands of R-hats is above 1.01 by chance.

    Parameters
    ----------
    n_effective : array_like
        Of all quantities, or of some that stand for them, effective draws of all chains together,
        for an sd; NaN is left out.
    n_quantities : int
        Each has two values of R-hat, for its bulk and its tails.
    n_chains, n_draws : int
        Chains, and draws of all of them together.

    Returns
    -------
    float
        By what draws of most quantities are worth, so that quantities that mix worse than most are
        not excused by it.
    """
    known = np.asarray(n_effective, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return R_HAT_LIMIT
    # at most as many as there are, though opposite signs make them worth more; at least as many as
    # all must be worth, and a part of the draws, so that chains that are slow as a whole are seen
    least = min(max(ESS_LIMIT, _LEAST_PART * n_draws), n_draws)
    typical = float(np.clip(np.median(known), least, n_draws))
    n_split = 2 * n_chains
    chance = CHANCE_OF_MARGIN / (2 * n_quantities)
    ratio = float(scipy.stats.chi2.isf(chance, n_split - 1)) / (n_split - 1)
    return max(R_HAT_LIMIT, math.sqrt(1 + (ratio - 1) * n_split / typical))

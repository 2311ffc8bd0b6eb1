"""How wrong an approximation is, from the ranks of true values among its draws.

If posterior and approximation are Gaussian and differ by as much in all replicates, the normal
score of the true value's rank is Gaussian: its mean tells the bias, its sd how much too narrow
the approximation is. A rank among M draws tells only between which two quantiles the true value
lies, and where all draws lie on one side of it only that it is beyond the last; so the likelihood
is that of scores censored to intervals. Width and bias are told apart also where both are large,
which moments of the ranks cannot do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from harness.metrics.draws import Floats

#: The search ends at these, in sds of the approximation and as the logarithm of a factor.
_LIMITS = ((-20.0, 20.0), (-5.0, 5.0))


@dataclass(frozen=True, kw_only=True)
class RankShape:
    """What the ranks say of an approximation's width and centre.

    Attributes
    ----------
    width_ratio : float
        Width of the approximation over that of the posterior: below 1 it is too narrow; NaN where
        ranks cannot tell, because all true values lie beyond all draws on one side.
    width_p : float
        P-value of the likelihood ratio test that it is 1.
    bias : float
        Centre of the approximation minus that of the posterior, in posterior sds; infinite there.
    bias_p : float
        P-value of the likelihood ratio test that it is 0.
    """

    width_ratio: float
    width_p: float
    bias: float
    bias_p: float


def rank_shape(ranks: npt.ArrayLike, n_draws: npt.ArrayLike) -> RankShape:
    """Fit a width and a bias to ranks.

    Parameters
    ----------
    ranks : array_like of int, shape (replicate,)
        How many draws are smaller than the true value.
    n_draws : array_like of int, shape (replicate,)
        Of how many.

    Returns
    -------
    RankShape
    """
    rank, n_bins = np.asarray(ranks, dtype=np.float64), np.asarray(n_draws) + 1.0
    low, high = special.ndtri(rank / n_bins), special.ndtri((rank + 1) / n_bins)
    is_right = low + high > 0  # differences of tail probabilities are exact in the left tail
    begin, end = np.where(is_right, -high, low), np.where(is_right, -low, high)
    side = np.where(is_right, -1.0, 1.0)

    def misfit(shift: float, log_scale: float) -> float:
        """Return minus the log likelihood."""
        scale = np.exp(log_scale)
        upper = special.log_ndtr((end - side * shift) / scale)
        lower = special.log_ndtr((begin - side * shift) / scale)
        return -float(np.sum(upper + np.log(-np.expm1(np.minimum(lower - upper, -1e-300)))))

    best, both = _least(lambda x: misfit(x[0], x[1]), _LIMITS)
    narrow, _ = _least(lambda x: misfit(x[0], 0.0), _LIMITS[:1])
    central, _ = _least(lambda x: misfit(0.0, x[0]), _LIMITS[1:])
    shift, scale = float(both[0]), float(np.exp(both[1]))
    is_beyond = bool((rank == 0).all() or (rank == n_bins - 1).all())
    return RankShape(
        width_ratio=np.nan if is_beyond else 1 / scale,
        width_p=float(stats.chi2.sf(2 * max(0.0, narrow - best), 1)),
        bias=np.copysign(np.inf, -shift) if is_beyond else -shift / scale,
        bias_p=float(stats.chi2.sf(2 * max(0.0, central - best), 1)),
    )


def _least(
    misfit: Callable[[Floats], float], limits: Sequence[tuple[float, float]]
) -> tuple[float, Floats]:
    """Return the smallest misfit within limits, and where it is."""
    found = optimize.minimize(
        misfit,
        np.zeros(len(limits)),
        method="Nelder-Mead",
        bounds=limits,
        options={"xatol": 1e-4, "fatol": 1e-6},
    )
    return float(found.fun), np.asarray(found.x, dtype=np.float64)

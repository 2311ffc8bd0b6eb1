"""Ranks of true values among draws that are as good as independent (pure)."""

import math
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import DrawKind
from harness.fits.quantities import Named
from harness.metrics.batch import Batch

#: Values that differ by no more than this part of their size are equal: they are computed twice.
_ROUNDING = 1e-14


@dataclass(frozen=True, kw_only=True)
class Rank:
    """Where a true value lies among draws.

    Attributes
    ----------
    quantity : str
    truth : float
        The true value.
    rank : int
        How many draws are smaller, from 0 to `n_draws`; ties are broken at random.
    n_draws : int
        Of how many.
    pit : float
        The rank put at random into its interval of width 1/(`n_draws` + 1): uniform within (0, 1)
        if truth and draws have the same distribution, however many draws there are.
    """

    quantity: str
    truth: float
    rank: int
    n_draws: int
    pit: float


def rank_quantities(
    truth: Named, draws: Named, *, kind: DrawKind, rng: np.random.Generator
) -> list[Rank]:
    """Rank the true values of one replicate among the draws of one fit.

    Parameters
    ----------
    truth : Mapping
        Of each quantity its true value, of shape (1, 1).
    draws : Mapping
        Draws, each of shape (chain, draw).
    kind : DrawKind
        Whether the draws are chains, which are thinned.
    rng : Generator
        Breaks ties, and puts ranks into their intervals.

    Returns
    -------
    list of Rank
        Without quantities that are constant, or not defined in some draws or at the true value.
    """
    defined = {
        name: (float(truth[name].item()), values)
        for name, values in draws.items()
        if name in truth and not np.isnan(values).any() and not np.isnan(truth[name]).any()
    }
    step = thinning(draws, kind)
    ranks = []
    for name, (value, values) in defined.items():
        kept = values[:, ::step].ravel()
        is_equal = np.isclose(kept, value, rtol=_ROUNDING, atol=0.0)
        place = rng.random()
        if is_equal.all() and values.size > 1 and np.ptp(values) <= abs(value) * _ROUNDING:
            continue
        n_less = int((~is_equal & (kept < value)).sum())
        within = place * (int(is_equal.sum()) + 1)
        ranks.append(
            Rank(
                quantity=name,
                truth=value,
                rank=n_less + math.floor(within),
                n_draws=kept.size,
                pit=(n_less + within) / (kept.size + 1),
            )
        )
    return ranks


def thinning(draws: Named, kind: DrawKind) -> int:
    """Return of how many draws of a chain one is kept, so that those kept are about independent.

    The number kept is the smallest effective sample size of any quantity, of its bulk and of its
    tails (5% and 95% quantiles): Talts et al. (2018), section 5.1.

    Parameters
    ----------
    draws : Mapping
        Each of shape (chain, draw).
    kind : DrawKind
        Independent draws are all kept.

    Returns
    -------
    int
        At least 1; the length of the chains if none of them has moved.
    """
    values: FloatArray = np.stack(list(draws.values()))
    n_draws = int(values.shape[2])
    if kind is DrawKind.INDEPENDENT:
        return 1
    moving = values[np.isfinite(values).all(axis=(1, 2))]
    if not moving.size:
        return n_draws
    batch = Batch(moving)
    sizes = np.concatenate([batch.ess_bulk, batch.ess_tail])
    sizes = sizes[np.isfinite(sizes)]
    if not sizes.size:
        return n_draws
    total = int(values.shape[1]) * n_draws
    return min(n_draws, max(1, math.ceil(total / float(sizes.min()))))

"""Draws of which some are equal, because they were resampled."""

import numpy as np
import numpy.typing as npt

from harness.metrics.draws import Floats

# Picks the combination of quantities by which equal draws are told.
_SEED = 7


def groups_of(draws: Floats) -> npt.NDArray[np.intp]:
    """Return a number for each draw, the same for equal ones.

    Parameters
    ----------
    draws : ndarray (n_draws, d)

    Returns
    -------
    ndarray (n_draws,)
    """
    mix = np.random.default_rng(_SEED).standard_normal(draws.shape[1])
    return np.unique(draws @ mix, return_inverse=True)[1]


def mean_group(draws: Floats) -> float:
    r"""Return how many draws are equal to a draw, itself among them, on average over draws.

    With counts c of equal draws, :math:`\sum c^2 / n`; the draws are worth n divided by that many
    independent ones (Kish 1965, Survey sampling).

    Parameters
    ----------
    draws : ndarray (n_draws, d)

    Returns
    -------
    float
    """
    counts = np.bincount(groups_of(draws))
    return float(np.sum(counts**2.0) / len(draws))

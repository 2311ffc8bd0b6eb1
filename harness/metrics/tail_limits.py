"""Parameters whose tails are too heavy for covariances, without the ends of these tails."""

import numpy as np

from harness.metrics.draws import Floats
from harness.metrics.robust import ENDS

#: The kurtosis of a Student-t with 5 degrees of freedom; above it a variance, which takes fourth
#: moments, is known too badly from thousands of draws.
_LARGE_KURTOSIS = 9.0
# Parameters whose draws fit into a processor's cache.
_AT_ONCE = 64


class TailLimits:
    """Limits to parameters whose tails are heavy under a reference, and to no others.

    They are the outermost quantiles within which the kurtosis is no longer large.

    Parameters
    ----------
    reference : ndarray (n_draws, d) or (chain, draw, d)
        Draws of the reference.
    """

    def __init__(self, reference: Floats) -> None:
        rows = reference.reshape(-1, reference.shape[-1])
        self._heavy = np.flatnonzero(_kurtosis(rows) > _LARGE_KURTOSIS)
        heavy = rows[:, self._heavy]
        self._low, self._high = np.quantile(heavy, (ENDS[0], 1 - ENDS[0]), axis=0)
        for end in ENDS[1:]:
            still = _kurtosis(np.clip(heavy, self._low, self._high)) > _LARGE_KURTOSIS
            if not still.any():
                break
            self._low[still], self._high[still] = np.quantile(
                heavy[:, still], (end, 1 - end), axis=0
            )

    def within(self, draws: Floats) -> Floats:
        """Return draws of the same parameters, those beyond a limit moved to it.

        Parameters
        ----------
        draws : ndarray (n_draws, d) or (chain, draw, d)

        Returns
        -------
        ndarray, same shape
            The draws themselves if no parameter has a limit.
        """
        if not self._heavy.size or draws.shape[-1] <= self._heavy[-1]:
            return draws
        cut = draws.copy()
        cut[..., self._heavy] = np.clip(draws[..., self._heavy], self._low, self._high)
        return cut


def _kurtosis(rows: Floats) -> Floats:
    """Return the fourth central moment of each column in squared variances, 0 of a constant."""
    found = np.zeros(rows.shape[1])
    for begin in range(0, rows.shape[1], _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        squares = (rows[:, some] - rows[:, some].mean(axis=0)) ** 2
        variance = squares.mean(axis=0)
        fourth = np.square(squares, out=squares).mean(axis=0)
        np.divide(fourth, variance**2, out=found[some], where=variance > 0)
    return found

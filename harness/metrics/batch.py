"""Draws of several quantities side by side, and the Monte Carlo errors of their summaries.

What one quantity after another costs a call each is done for a batch at once.  Of each quantity
the results are the same, to the last digit, whatever batch it stands in.
"""

from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from harness.metrics import autocorrelation
from harness.metrics.draws import Floats, tail_shape

#: Quantities of one batch: few enough for a processor's cache, enough to save calls.
BATCH_SIZE = 16

# Shorter chains have no effective sample size.
_FEWEST_DRAWS = 4
# The ends of a central 68% interval.
_ONE_SD = (0.1586553, 0.8413447)
# Of a Gaussian it is 3, of a thousand draws of one hardly ever above 4.
_LARGE_KURTOSIS = 4.0

Truths = npt.NDArray[np.bool_]
#: Positions of some of the quantities.
Places = npt.NDArray[np.intp]


class Batch:
    """Draws of several quantities: independent ones, or Markov chains.

    What is computed is kept, so that a reference serves many fits.

    Parameters
    ----------
    values : array (quantity, draw) or (quantity, chain, draw)
        Finite draws; two axes are independent draws, three Markov chains.
    worth : float, optional
        Of draws that were resampled, how many independent ones they are worth.
    """

    def __init__(self, values: npt.ArrayLike, *, worth: float | None = None) -> None:
        self.values: Floats = np.ascontiguousarray(values, dtype=np.float64)
        self.worth = float(self.size) if worth is None else worth
        self._ess: dict[float, Floats] = {}

    def __len__(self) -> int:
        """Return the number of quantities."""
        return len(self.values)

    @property
    def are_chains(self) -> bool:
        """Whether the draws are Markov chains."""
        return self.values.ndim == 3

    @property
    def flat(self) -> Floats:
        """The draws of each quantity in a row."""
        return self.values.reshape(len(self), -1)

    @property
    def size(self) -> int:
        """The number of draws of each quantity, all chains."""
        return int(self.flat.shape[1])

    @cached_property
    def ordered(self) -> Floats:
        """The same, in ascending order."""
        return np.sort(self.flat, axis=1)

    @cached_property
    def varies(self) -> Truths:
        """Whether the draws of a quantity are not all equal."""
        return np.asarray(self.ordered[:, -1] > self.ordered[:, 0])

    @cached_property
    def has_ties(self) -> Truths:
        """Whether two draws of a quantity are equal, as of discrete ones."""
        return np.asarray((np.diff(self.ordered, axis=1) == 0).any(axis=1))

    @cached_property
    def may_be_heavy_tailed(self) -> Truths:
        """Whether the kurtosis is far above that of a Gaussian."""
        second, fourth = self.central_moments
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(fourth / second**2 > _LARGE_KURTOSIS)

    @cached_property
    def tail_shapes(self) -> Floats:
        """Shapes of the tails, k-hat of the draws; 0 where the kurtosis is small."""
        shapes = np.zeros(len(self))
        for j in np.flatnonzero(self.may_be_heavy_tailed):
            shapes[j] = tail_shape(self.values[j] if self.are_chains else self.flat[j][None])
        return shapes

    def of(self, some: Places) -> "Batch":
        """Return some of the quantities."""
        return Batch(self.values[some], worth=self.worth)

    @cached_property
    def mean(self) -> Floats:
        """Means, in the units of the draws."""
        return np.asarray(self.flat.mean(axis=1))

    @cached_property
    def sd(self) -> Floats:
        """Sample sds."""
        return np.asarray(np.sqrt(self._spread[0] * np.divide(self.size, self.size - 1)))

    @property
    def central_moments(self) -> tuple[Floats, Floats]:
        """Second and fourth central moments."""
        return self._spread[:2]

    @cached_property
    def mean_mcse(self) -> Floats:
        """See `harness.metrics.standard_errors.mean_mcse`."""
        return np.where(self.varies, self.sd / np.sqrt(self._mean_ess), 0.0)

    @cached_property
    def _mean_ess(self) -> Floats:
        return self._ess_of(self.values)

    @property
    def sd_mcse(self) -> Floats:
        """See `harness.metrics.standard_errors.sd_mcse`."""
        return self._spread[2]

    @cached_property
    def _spread(self) -> tuple[Floats, Floats, Floats]:
        """Second and fourth central moments, and the error of the sd, from one pass."""
        squares = (self.values - np.expand_dims(self.mean, tuple(range(1, self.values.ndim)))) ** 2
        flat = squares.reshape(len(self), -1)
        variance, fourth = flat.mean(axis=1), (flat**2).mean(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.are_chains:
                error = np.sqrt((fourth - variance**2) / self._ess_of(squares) / variance / 4)
            else:
                error = np.std(flat, axis=1) / np.sqrt(self.worth) / (2 * np.sqrt(variance))
        return variance, fourth, np.where(self.varies, error, 0.0)

    def quantiles(self, probs: npt.ArrayLike) -> Floats:
        """Quantiles by linear interpolation, as `numpy.quantile` has them.

        Parameters
        ----------
        probs : array (k,) or (quantity, k)
            Probabilities, the same for all quantities or their own.

        Returns
        -------
        ndarray (quantity, k)
        """
        wanted = np.asarray(probs, dtype=np.float64)
        positions = np.broadcast_to((self.size - 1) * wanted, (len(self), wanted.shape[-1]))
        below = np.clip(np.floor(positions), 0, self.size - 1).astype(np.intp)
        above = np.minimum(below + 1, self.size - 1)
        part = positions - below
        low = np.take_along_axis(self.ordered, below, axis=1)
        high = np.take_along_axis(self.ordered, above, axis=1)
        gap = high - low
        found = np.where(part >= 0.5, high - gap * (1 - part), low + gap * part)
        # NaN is sorted to the end
        return np.where(np.isnan(self.ordered[:, -1:]), np.nan, found)

    def quantile_ess(self, prob: float) -> Floats:
        """See `harness.metrics.standard_errors.quantile_ess`."""
        if prob not in self._ess:
            limits = np.expand_dims(self.quantiles([prob]), 2) if self.are_chains else 0.0
            below = self.values <= limits
            ess = self._ess_of(below.astype(np.float64))
            self._ess[prob] = np.where(self.varies, ess, self.worth)
        return self._ess[prob]

    def quantile_mcse(self, prob: float) -> Floats:
        """See `harness.metrics.standard_errors.quantile_mcse`."""
        if self.are_chains:
            ends = _quantile_ends(self.quantile_ess(prob)[:, None], prob)
        else:
            ends = _worth_ends(self.worth, prob)
        edges = self.quantiles(ends)
        return np.asarray((edges[:, 1] - edges[:, 0]) / 2)

    def shares(self, hits: Truths) -> tuple[Floats, Floats, Floats]:
        """Shares of the draws that something holds of, their errors and effective sizes.

        Parameters
        ----------
        hits : array of bool, shape as the draws

        Returns
        -------
        shares, errors, sizes : ndarray (quantity,)
            Without an error, of as many draws as there are, where it holds of all or of none.
        """
        share = np.asarray(hits.reshape(len(self), -1).mean(axis=1))
        varies = (share > 0) & (share < 1)
        count = np.full(len(self), float(self.size))
        sizes = self._ess_of(hits.astype(np.float64)) if self.are_chains else count
        variance = share * (1 - share) * np.divide(self.size, self.size - 1)
        error = np.where(varies, np.sqrt(variance / sizes), 0.0)
        return share, error, np.where(varies, sizes, count)

    def _ess_of(self, values: Floats) -> Floats:
        """Effective number of draws of a function of the draws; all of independent ones."""
        if not self.are_chains:
            return np.full(len(self), self.worth)
        if self.values.shape[-1] < _FEWEST_DRAWS:
            return np.full(len(self), np.nan)
        return autocorrelation.effective_size(autocorrelation.split_chains(values))

    # Diagnostics of chains: NaN where they are not defined, see `harness.metrics.chains`.

    @cached_property
    def is_defined(self) -> Truths:
        """Whether chains are long enough, finite and not all stuck at one and the same value."""
        is_long = self.are_chains and self.values.shape[-1] >= _FEWEST_DRAWS
        return np.isfinite(self.flat).all(axis=1) & self.varies & is_long

    def _where_defined(self, values: Floats) -> Floats:
        return np.where(self.is_defined, values, np.nan)

    @cached_property
    def _ranked(self) -> Floats:
        return autocorrelation.rank_normalise(autocorrelation.split_chains(self.values))

    @cached_property
    def ess_bulk(self) -> Floats:
        """See `harness.metrics.chains.ess_bulk`."""
        if not self.is_defined.any():
            return np.full(len(self), np.nan)
        return self._where_defined(autocorrelation.effective_size(self._ranked))

    @cached_property
    def ess_tail(self) -> Floats:
        """See `harness.metrics.chains.ess_tail`."""
        if not self.is_defined.any():
            return np.full(len(self), np.nan)
        low, high = self.quantile_ess(0.05), self.quantile_ess(0.95)
        return self._where_defined(np.where(high < low, high, low))

    @cached_property
    def ess_folded(self) -> Floats:
        """Effective number of draws of the distances from the median, which R-hat looks at."""
        if not self.is_defined.any():
            return np.full(len(self), np.nan)
        return self._where_defined(
            autocorrelation.effective_size(autocorrelation.folded(self.values))
        )

    @cached_property
    def r_hat(self) -> Floats:
        """See `harness.metrics.chains.r_hat`."""
        if not self.is_defined.any() or self.values.shape[1] < 2:
            return np.full(len(self), np.nan)
        r_hat = autocorrelation.rank_r_hat(self.values, ranked=self._ranked)
        return self._where_defined(r_hat)


def _quantile_ends(n: Floats, prob: float) -> Floats:
    """Return between which probabilities a sample quantile lies with the chance of one sd."""
    return np.asarray(beta.ppf(_ONE_SD, n * prob + 1, n * (1 - prob) + 1), dtype=np.float64)


@lru_cache(maxsize=64)
def _worth_ends(n: float, prob: float) -> Floats:
    """Return the same of independent draws, whose number is that of all quantities."""
    return _quantile_ends(np.array([n]), prob)


def batches_of(draws: Floats) -> list[Batch]:
    """Cut draws of d quantities into batches.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)

    Returns
    -------
    list of Batch
        In the order of the quantities.
    """
    rows = np.moveaxis(draws, -1, 0)
    return [Batch(rows[i : i + BATCH_SIZE]) for i in range(0, len(rows), BATCH_SIZE)]

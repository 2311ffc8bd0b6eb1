"""What importance weights make of the draws of several quantities."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.metrics.psis import Psis, psis_moments, weighted_tail_shapes
from harness.summary.moments import PROBABILITIES, Moments


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedDraws:
    """Independent draws of an approximation with importance weights.

    Attributes
    ----------
    draws : ndarray, shape (quantity, draw)
        The results of each are the same whatever others stand beside it.
    weights : Psis
        Of the draws, smoothed and finite.
    """

    draws: FloatArray
    weights: Psis

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        return np.argsort(self.draws, axis=1)

    @cached_property
    def _steps(self) -> FloatArray:
        """The weighted distribution function at the draws in their order."""
        steps = np.cumsum(self.weights.weights[self._order], axis=1)
        return np.asarray(steps / steps[:, -1:])

    def _at(self, probabilities: FloatArray) -> FloatArray:
        """Return the smallest draws up to which the weights make up these probabilities."""
        last = self.draws.shape[1] - 1
        found = [np.searchsorted(steps, probabilities) for steps in self._steps]
        picked = np.take_along_axis(self._order, np.minimum(np.stack(found), last), axis=1)
        return np.take_along_axis(self.draws, picked, axis=1)

    def moments(self) -> list[Moments]:
        """Summarise each quantity.

        Returns
        -------
        list of Moments
            The sd and the quantiles have no Monte Carlo error here.
        """
        found = psis_moments(self.draws.T, weights=self.weights.weights)
        of_mean, of_sd = weighted_tail_shapes(self.draws, weights=self.weights.weights)
        quantiles = self._at(np.array(PROBABILITIES))
        columns = {
            "mean": found.mean,
            "sd": found.sd,
            "q5": quantiles[:, 0],
            "q50": quantiles[:, 1],
            "q95": quantiles[:, 2],
            "mcse_mean": found.mean_mcse,
            "k_hat_mean": of_mean,
            "k_hat_sd": of_sd,
        }
        return [
            Moments(
                **{name: float(values[j]) for name, values in columns.items()},
                mcse_sd=np.nan,
                n_effective=self.weights.n_effective,
            )
            for j in range(len(self.draws))
        ]

    def resampled(self) -> FloatArray:
        """Draw as many equally weighted draws as the weights are worth.

        Systematic resampling with the offset one half: no randomness beyond the draws' own.

        Returns
        -------
        ndarray, shape (quantity, floor(n_effective))
            So that Monte Carlo errors of independent draws hold for them.

        References
        ----------
        Kitagawa (1996), Journal of Computational and Graphical Statistics 5.
        """
        n = int(self.weights.n_effective)
        return self._at((np.arange(n) + 0.5) / n)

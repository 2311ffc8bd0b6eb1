"""Draws in the reference's own units: coordinates where it has mean 0 and covariance I."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from harness.errors import HarnessError
from harness.metrics.batch import batches_of
from harness.metrics.draws import Floats, flatten, vector_draws


class Whitening:
    r"""Coordinates where a reference has mean 0 and covariance I; see `whiten`.

    What is known of the reference alone is computed once, for all that is compared with it.

    Parameters
    ----------
    reference : array (n_draws, d) or (chain, draw, d)
        Draws of the reference.

    Raises
    ------
    HarnessError
        As `whiten` does.
    """

    def __init__(self, reference: npt.ArrayLike) -> None:
        r = vector_draws(reference, name="reference")
        pooled = flatten(r)
        constant = np.flatnonzero(np.ptp(pooled, axis=0) == 0)
        if constant.size:
            raise HarnessError(f"parameters {constant.tolist()} of the reference are constant")
        self._mean, self._sd = pooled.mean(axis=0), pooled.std(axis=0, ddof=1)
        correlation = np.atleast_2d(np.corrcoef(pooled, rowvar=False))
        try:
            self._factor = np.linalg.cholesky(correlation)
        except np.linalg.LinAlgError:
            self._factor = np.zeros_like(correlation)
        # rounding lets an exactly redundant parameter pass the factorisation with a tiny pivot
        if np.diag(self._factor).min() < 1e-7:
            raise HarnessError("the reference's covariance is singular; drop redundant parameters")
        #: The reference as it was given, and in these coordinates.
        self.original: Floats = r
        self.reference: Floats = self._solve(r)

    def apply(self, draws: npt.ArrayLike) -> Floats:
        """Express draws in these coordinates, in reference sds.

        Parameters
        ----------
        draws : array (n_draws, d) or (chain, draw, d)

        Returns
        -------
        ndarray, same shape

        Raises
        ------
        HarnessError
            If a shape is wrong, d differs or a draw is not finite.
        """
        x = vector_draws(draws, name="draws")
        d = len(self._mean)
        if x.shape[-1] != d:
            raise HarnessError(f"draws have {x.shape[-1]} parameters, the reference {d}")
        return self._solve(x)

    @cached_property
    def errors(self) -> "MeanErrors":
        """The Monte Carlo errors of the reference's means."""
        return MeanErrors.of(self.reference)

    def _solve(self, draws: Floats) -> Floats:
        """Solve the lower-triangular system for every draw."""
        rows = flatten(draws - self._mean) / self._sd
        solved = solve_triangular(self._factor, rows.T, lower=True, check_finite=False).T
        return np.asarray(solved, dtype=np.float64).reshape(draws.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanErrors:
    """How well the means of whitened coordinates are known.

    Attributes
    ----------
    variances : ndarray (d,)
        Squared Monte Carlo standard errors of the means.
    n_effective : float
        Effective number of draws for a mean, averaged over coordinates; at most their number.
    """

    variances: Floats
    n_effective: float

    @classmethod
    def of(cls, draws: Floats) -> "MeanErrors":
        """Take them from draws (n_draws, d) or (chain, draw, d)."""
        batches = batches_of(draws)
        mcse = np.concatenate([batch.mean_mcse for batch in batches])
        varies = np.concatenate([batch.varies for batch in batches])
        spread = np.concatenate([batch.sd for batch in batches]) ** 2
        count = draws[..., 0].size
        worth = spread[varies] / mcse[varies] ** 2
        n_effective = float(min(np.mean(worth), count)) if worth.size else float(count)
        return cls(variances=mcse**2, n_effective=n_effective)

    def of_part(self, part: float) -> "MeanErrors":
        """Return the errors of draws of which only a part counts."""
        return MeanErrors(variances=self.variances / part, n_effective=self.n_effective * part)


def whiten(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    r"""Both sets of draws in coordinates where the reference has mean 0 and covariance I.

    :math:`z = L^{-1} (x - \bar r)` with :math:`L L^T` the sample covariance of the reference.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.

    Returns
    -------
    draws, reference : ndarray, same shapes
        In reference sds.

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs, a draw is not finite, or the reference's covariance is
        singular (a constant or redundant parameter, or no more draws than parameters).
    """
    x, white = whitened(draws, reference)
    return x, white.reference


def whitened(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Whitening]:
    """Return whitened draws with the coordinates that they stand in; see `whiten`."""
    x = vector_draws(draws, name="draws")
    r = vector_draws(reference, name="reference")
    if x.shape[-1] != r.shape[-1]:
        raise HarnessError(f"draws have {x.shape[-1]} parameters, the reference {r.shape[-1]}")
    white = Whitening(r)
    return white.apply(x), white

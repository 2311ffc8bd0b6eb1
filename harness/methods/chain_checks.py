"""The diagnostics of chains: R-hat, effective sample sizes, divergences and E-BFMI."""

from dataclasses import dataclass

import numpy as np

from harness import metrics
from harness.data.dataset import FloatArray
from harness.messages.numerals import numeral
from harness.verdict.mixing import r_hat_limit
from harness.verdict.rules import R_HAT_LIMIT

#: So many quantities tell what draws of most are worth.
_SOME = 100


@dataclass(frozen=True, kw_only=True)
class ChainChecks:
    """The diagnostics of chains.

    Attributes
    ----------
    r_hat, ess_bulk, ess_tail : float
        The worst of all parameters.
    r_hat_log_p : float
        Of the log density, which looks at all parameters at once.
    divergent : float
        Part of the transitions that diverged.
    e_bfmi : float
        The smallest of the chains.
    r_hat_limit : float
        What `r_hat` may be: see :func:`r_hat_limit`.
    """

    r_hat: float
    ess_bulk: float
    ess_tail: float
    r_hat_log_p: float
    divergent: float
    e_bfmi: float
    r_hat_limit: float = R_HAT_LIMIT

    def words(self, shape: tuple[int, int]) -> str:
        """Say what was found of so many chains of so many draws."""
        n_chains, n_draws = shape
        return (
            f"{n_chains} chains of {n_draws:,} draws; R-hat {self.r_hat:.3f}, bulk ESS "
            f"{self.ess_bulk:,.0f}, tail ESS {self.ess_tail:,.0f}, "
            f"{numeral(100 * self.divergent, 2)}% diverged"
        )


def check_chains(
    values: FloatArray,
    log_p: FloatArray,
    *,
    diverged: np.typing.NDArray[np.bool_],
    energy: FloatArray,
) -> ChainChecks:
    """Compute the diagnostics of chains.

    Parameters
    ----------
    values : ndarray, shape (chain, draw, quantity)
        Those that do not vary are left out.
    log_p, energy : ndarray, shape (chain, draw)
    diverged : ndarray of bool, shape (chain, draw)

    Returns
    -------
    ChainChecks
        The worst possible where a diagnostic is not known.
    """
    varying = values[..., np.ptp(values, axis=(0, 1)) > 0]
    batch = metrics.batch.Batch(np.moveaxis(varying, -1, 0))
    return ChainChecks(
        r_hat=_largest(batch.r_hat),
        ess_bulk=-_largest(-batch.ess_bulk),
        ess_tail=-_largest(-batch.ess_tail),
        r_hat_log_p=_largest(metrics.batch.Batch(log_p[None]).r_hat),
        divergent=float(diverged.mean()),
        e_bfmi=-_largest(-metrics.chains.e_bfmi(energy)),
        r_hat_limit=_limit_of(batch),
    )


def _limit_of(batch: "metrics.batch.Batch") -> float:
    """Return the limit of the largest R-hat, by what draws of most quantities are worth."""
    some = metrics.batch.Batch(batch.values[:: 1 + len(batch) // _SOME])
    return r_hat_limit(
        np.fmin(some.ess_bulk, some.ess_folded),
        n_quantities=len(batch),
        n_chains=batch.values.shape[1],
        n_draws=batch.size,
    )


def _largest(values: FloatArray) -> float:
    """Return the largest; infinity where one is not known."""
    return float(np.max(np.where(np.isnan(values), np.inf, values), initial=-np.inf))

"""Moments, quantiles and chain diagnostics of one quantity."""

from dataclasses import dataclass, replace

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import DrawKind
from harness.metrics.batch import Batch

#: Of the quantiles of a summary.
PROBABILITIES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """A summary of the draws of a scalar; NaN stands for "not applicable".

    Attributes
    ----------
    mean, sd, q5, q50, q95 : float
        In the units of the draws.
    mcse_mean, mcse_sd, mcse_q5, mcse_q50, mcse_q95 : float
        Their Monte Carlo standard errors.
    ess_bulk, ess_tail, r_hat : float
        Of Markov chains.
    n_effective : float
        Effective number of draws under importance weights.
    k_hat_mean, k_hat_sd : float
        Under importance weights, see `harness.metrics.psis.weighted_tail_shapes`.
    """

    mean: float
    sd: float
    q5: float
    q50: float
    q95: float
    mcse_mean: float
    mcse_sd: float
    mcse_q5: float = np.nan
    mcse_q50: float = np.nan
    mcse_q95: float = np.nan
    ess_bulk: float = np.nan
    ess_tail: float = np.nan
    r_hat: float = np.nan
    n_effective: float = np.nan
    k_hat_mean: float = np.nan
    k_hat_sd: float = np.nan


def summarise_draws(draws: FloatArray, kind: DrawKind) -> Moments:
    """Summarise one quantity.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        Draws of a scalar.
    kind : DrawKind
        Independent draws have no R-hat and no effective sample size; their Monte Carlo error is
        sd / sqrt(n).

    Returns
    -------
    Moments
    """
    return summarise_batch(Batch(draws[None] if kind is DrawKind.CHAINS else draws.reshape(1, -1)))[
        0
    ]


def summarise_batch(batch: Batch) -> list[Moments]:
    """Summarise several quantities at once.

    Parameters
    ----------
    batch : Batch
        Markov chains or independent draws, as for :func:`summarise_draws`.

    Returns
    -------
    list of Moments
    """
    quantiles = batch.quantiles(PROBABILITIES)
    q5, q50, q95 = (batch.quantile_mcse(prob) for prob in PROBABILITIES)
    unknown = np.full(len(batch), np.nan)
    are_chains = batch.are_chains
    columns = {
        "mean": batch.mean,
        "sd": batch.sd,
        "q5": quantiles[:, 0],
        "q50": quantiles[:, 1],
        "q95": quantiles[:, 2],
        "mcse_mean": _of_chains(batch, batch.mean_mcse, batch.sd / batch.worth**0.5),
        "mcse_sd": _of_chains(batch, batch.sd_mcse, batch.sd_mcse),
        "mcse_q5": q5,
        "mcse_q50": q50,
        "mcse_q95": q95,
        "ess_bulk": batch.ess_bulk if are_chains else unknown,
        "ess_tail": batch.ess_tail if are_chains else unknown,
        "r_hat": batch.r_hat if are_chains else unknown,
    }
    return [
        Moments(**{name: float(values[j]) for name, values in columns.items()})
        for j in range(len(batch))
    ]


def _of_chains(batch: Batch, of_chains: FloatArray, of_independent: FloatArray) -> FloatArray:
    """Pick the error of a kind of draws: NaN for chains that say nothing of it."""
    if not batch.are_chains:
        return of_independent
    return np.where(batch.is_defined, of_chains, np.nan)


def summarise_defined(draws: FloatArray) -> Moments:
    """Summarise a quantity that some draws do not have by those that have it.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        NaN or infinite where the quantity is undefined.

    Returns
    -------
    Moments
        Without Monte Carlo errors and diagnostics of chains, which want all draws.
    """
    defined = draws[np.isfinite(draws)]
    names = ("mean", "sd", "q5", "q50", "q95", "mcse_mean", "mcse_sd")
    unknown = Moments(**dict.fromkeys(names, np.nan))
    if defined.size < 2:
        return unknown
    q5, q50, q95 = np.quantile(defined, PROBABILITIES)
    return replace(
        unknown,
        mean=float(defined.mean()),
        sd=float(defined.std(ddof=1)),
        q5=float(q5),
        q50=float(q50),
        q95=float(q95),
    )

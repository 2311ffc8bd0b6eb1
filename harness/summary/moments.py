"""Moments, quantiles and chain diagnostics of one quantity."""

from dataclasses import dataclass, replace

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import DrawKind
from harness.metrics.batch import Batch
from harness.metrics.psis import Psis, psis_moments, tail_shapes

_PROBABILITIES = (0.05, 0.5, 0.95)


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
        Under importance weights, see `harness.metrics.psis.tail_shapes`.
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
    quantiles = batch.quantiles(_PROBABILITIES)
    q5, q50, q95 = (batch.quantile_mcse(prob) for prob in _PROBABILITIES)
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
    q5, q50, q95 = np.quantile(defined, _PROBABILITIES)
    return replace(
        unknown,
        mean=float(defined.mean()),
        sd=float(defined.std(ddof=1)),
        q5=float(q5),
        q50=float(q50),
        q95=float(q95),
    )


def summarise_weighted(draws: FloatArray, weights: Psis) -> Moments:
    """Summarise one quantity under importance weights.

    Parameters
    ----------
    draws : ndarray, shape (n_draws,)
        Independent draws of the approximation.
    weights : Psis
        Their smoothed weights, finite.

    Returns
    -------
    Moments
        The sd and the quantiles have no Monte Carlo error here.
    """
    moments = psis_moments(draws[:, None], weights=weights.weights)
    k_hat_mean, k_hat_sd = tail_shapes(draws, weights=weights.weights)
    q5, q50, q95 = np.quantile(
        draws, _PROBABILITIES, weights=weights.weights, method="inverted_cdf"
    )
    return Moments(
        mean=float(moments.mean[0]),
        sd=float(moments.sd[0]),
        q5=float(q5),
        q50=float(q50),
        q95=float(q95),
        mcse_mean=float(moments.mean_mcse[0]),
        mcse_sd=np.nan,
        n_effective=weights.n_effective,
        k_hat_mean=k_hat_mean,
        k_hat_sd=k_hat_sd,
    )


def resample(draws: FloatArray, weights: Psis) -> FloatArray:
    """Draw as many equally weighted draws as the weights are worth.

    Systematic resampling with the offset one half: no randomness beyond the draws' own.

    Parameters
    ----------
    draws : ndarray, shape (n_draws,)
        Independent draws of the approximation.
    weights : Psis
        Their smoothed weights, finite.

    Returns
    -------
    ndarray, shape (floor(n_effective),)
        So that Monte Carlo errors of independent draws hold for them.

    References
    ----------
    Kitagawa (1996), Journal of Computational and Graphical Statistics 5.
    """
    order = np.argsort(draws)
    n = int(weights.n_effective)
    positions = (np.arange(n) + 0.5) / n
    steps = np.cumsum(weights.weights[order])
    picked = np.searchsorted(steps / steps[-1], positions)
    result: FloatArray = draws[order][picked]
    return result

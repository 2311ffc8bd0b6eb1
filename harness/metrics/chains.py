"""Convergence diagnostics of Markov chains of one quantity, draws shaped (chain, draw).

They say NaN (unknown) where a diagnostic is not defined instead of warning about it. Independent
draws of an approximation have none of these: for them R-hat is 1 by construction and says nothing.
Of many quantities `harness.metrics.batch.Batch` computes the same at once.
"""

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.batch import Batch
from harness.metrics.draws import Floats, array_stats


def r_hat(draws: npt.ArrayLike) -> float:
    """Rank-normalised split R-hat, the larger of bulk and tail (folded) versions.

    Parameters
    ----------
    draws : array (chain, draw)

    Returns
    -------
    float
        About 1 where chains agree, infinity where each is stuck at its own value; NaN for one
        chain, fewer than 4 draws, constant draws or draws that are not finite.

    Raises
    ------
    HarnessError
        If `draws` is not (chain, draw).

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis 16(2), equation (4)
    with the rank normalisation of section 4.1.
    """
    return float(_batch(draws).r_hat[0])


def ess_bulk(draws: npt.ArrayLike) -> float:
    """Effective number of draws for the centre of the distribution.

    Parameters
    ----------
    draws : array (chain, draw)

    Returns
    -------
    float
        NaN for fewer than 4 draws, constant draws or draws that are not finite.

    Raises
    ------
    HarnessError
        If `draws` is not (chain, draw).

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16(2), section 4: ESS of the rank-normalised draws.
    """
    return float(_batch(draws).ess_bulk[0])


def ess_tail(draws: npt.ArrayLike) -> float:
    """Effective number of draws for the tails: the smaller one of the 5% and 95% quantiles.

    Parameters
    ----------
    draws : array (chain, draw)

    Returns
    -------
    float
        NaN for fewer than 4 draws, constant draws or draws that are not finite.

    Raises
    ------
    HarnessError
        If `draws` is not (chain, draw).

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16(2), section 4.
    """
    return float(_batch(draws).ess_tail[0])


def mcse_mean(draws: npt.ArrayLike) -> float:
    """Monte Carlo standard error of the mean.

    Parameters
    ----------
    draws : array (chain, draw)

    Returns
    -------
    float
        In the units of the draws; NaN where `ess_bulk` is.

    Raises
    ------
    HarnessError
        If `draws` is not (chain, draw).

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16(2), section 4: sd over root ESS of the mean.
    """
    batch = _batch(draws)
    return float(batch.mean_mcse[0]) if batch.is_defined[0] else float("nan")


def mcse_sd(draws: npt.ArrayLike) -> float:
    """Monte Carlo standard error of the sd.

    Parameters
    ----------
    draws : array (chain, draw)

    Returns
    -------
    float
        In the units of the draws; NaN where `ess_bulk` is.

    Raises
    ------
    HarnessError
        If `draws` is not (chain, draw).

    References
    ----------
    Delta method on the variance, with the ESS of the squared deviations (as in arviz_stats).
    """
    batch = _batch(draws)
    return float(batch.sd_mcse[0]) if batch.is_defined[0] else float("nan")


def e_bfmi(energy: npt.ArrayLike) -> Floats:
    r"""Energy Bayesian fraction of missing information of each chain.

    :math:`\sum_n (E_n - E_{n-1})^2 / \sum_n (E_n - \bar E)^2`: 2 for independent energies, near 0
    where momentum resampling explores the energy distribution slowly.

    Parameters
    ----------
    energy : array (chain, draw)
        Stan's `energy__`, in nats.

    Returns
    -------
    ndarray (chain,)
        NaN for a constant chain; NaN for all where fewer than 4 draws or one is not finite.

    Raises
    ------
    HarnessError
        If `energy` is not (chain, draw).

    References
    ----------
    Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo,
    arXiv:1604.00695.
    """
    chains = _chains(energy)
    if not Batch(chains[None]).is_defined[0]:
        return np.full(chains.shape[0], np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(array_stats.bfmi(chains), dtype=np.float64)


def _chains(draws: npt.ArrayLike) -> Floats:
    chains = np.asarray(draws, dtype=float)
    if chains.ndim != 2 or chains.size == 0:
        raise HarnessError(f"Markov chains must have shape (chain, draw); got {chains.shape}")
    return chains


def _batch(draws: npt.ArrayLike) -> Batch:
    return Batch(_chains(draws)[None])

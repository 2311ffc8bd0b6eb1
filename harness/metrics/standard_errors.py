"""Monte Carlo standard errors of summaries of one quantity."""

from harness.metrics.batch import Batch
from harness.metrics.draws import Floats


def mean_mcse(draws: Floats) -> float:
    r"""Monte Carlo standard error of the mean of one quantity.

    :math:`s / \sqrt{n}` for independent draws, :math:`s / \sqrt{\mathrm{ESS}}` for chains
    (Vehtari et al. 2021, Bayesian Analysis 16(2), section 4).

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)

    Returns
    -------
    float
        In the units of the draws; 0 where all draws are equal.
    """
    return float(Batch(draws[None]).mean_mcse[0])


def sd_mcse(draws: Floats) -> float:
    r"""Monte Carlo standard error of the sd of one quantity.

    By the delta method :math:`\sqrt{(m_4 - s^4) / n} / (2 s)` with :math:`m_4` the fourth central
    moment; for chains with the ESS of the squared deviations in place of n (Kenney and Keeping
    1951, as in arviz_stats).

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)

    Returns
    -------
    float
        In the units of the draws; 0 where all draws are equal.
    """
    return float(Batch(draws[None]).sd_mcse[0])


def quantile_ess(draws: Floats, *, prob: float) -> float:
    """Effective number of draws behind a quantile.

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)
    prob : float
        Probability of the quantile, between 0 and 1.

    Returns
    -------
    float
        The number of draws itself for independent ones (and for constant chains).
    """
    return float(Batch(draws[None]).quantile_ess(prob)[0])


def quantile_mcse(draws: Floats, *, prob: float) -> float:
    """Monte Carlo standard error of a quantile.

    Half the distance between the quantiles at the ends of a central 68% interval for the
    probability, a beta distribution under `quantile_ess` draws (Vehtari et al. 2021, Bayesian
    Analysis 16(2), section 4.4).

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)
    prob : float
        Probability of the quantile, between 0 and 1.

    Returns
    -------
    float
        In the units of the draws; 0 where all draws are equal.
    """
    return float(Batch(draws[None]).quantile_mcse(prob)[0])

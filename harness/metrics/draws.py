"""Check draws and estimate what their Monte Carlo error does to a mean, an sd and a quantile.

The number of axes says how draws came about, everywhere in this package. For one quantity,
(n_draws,) are independent draws and (chain, draw) are Markov chains; for d quantities,
(n_draws, d) and (chain, draw, d).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from arviz_stats.base import array
from scipy.stats import beta

from harness.errors import HarnessError

Floats = npt.NDArray[np.float64]

# arviz_stats has no annotations: this is where the untyped part begins and ends.
array_stats: Any = array.array_stats


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A Monte Carlo estimate and its standard error.

    Attributes
    ----------
    value : float
        The estimate, in the units that its function names.
    mcse : float
        Its Monte Carlo standard error, in the same units; NaN where none can be given.
    """

    value: float
    mcse: float


def scalar_draws(draws: npt.ArrayLike, *, name: str) -> Floats:
    """Check the draws of one quantity.

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)
        Independent draws, or Markov chains; at least 4 along the last axis.
    name : str
        What to call them in an error.

    Returns
    -------
    ndarray of float, same shape

    Raises
    ------
    HarnessError
        If the shape is another one or a value is not finite.
    """
    return _checked(draws, name=name, shapes="(n_draws,) or (chain, draw)", n_axes=1)


def vector_draws(draws: npt.ArrayLike, *, name: str) -> Floats:
    """Check the draws of d quantities.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)
        Independent draws, or Markov chains; at least 4 along the draws' axis.
    name : str
        What to call them in an error.

    Returns
    -------
    ndarray of float, same shape

    Raises
    ------
    HarnessError
        If the shape is another one or a value is not finite.
    """
    return _checked(draws, name=name, shapes="(n_draws, d) or (chain, draw, d)", n_axes=2)


def flatten(draws: Floats) -> Floats:
    """Join the chains of d quantities.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)

    Returns
    -------
    ndarray (n_chains * n_draws, d)
    """
    return draws.reshape(-1, draws.shape[-1])


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
    if np.ptp(draws) == 0:
        return 0.0
    if draws.ndim == 1:
        return float(np.std(draws, ddof=1) / np.sqrt(draws.size))
    return float(array_stats.mcse(draws, method="mean"))


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
    if np.ptp(draws) == 0:
        return 0.0
    if draws.ndim == 2:
        return float(array_stats.mcse(draws, method="sd"))
    squares = (draws - draws.mean()) ** 2
    return float(np.std(squares) / np.sqrt(draws.size) / (2 * np.sqrt(squares.mean())))


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
    if draws.ndim == 1 or np.ptp(draws) == 0:
        return float(draws.size)
    return float(array_stats.ess(draws, method="quantile", prob=prob))


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
    n = quantile_ess(draws, prob=prob)
    ends = beta.ppf([0.1586553, 0.8413447], n * prob + 1, n * (1 - prob) + 1)
    edges = np.quantile(draws, np.asarray(ends))
    return float(np.diff(edges)[0] / 2)


def _checked(draws: npt.ArrayLike, *, name: str, shapes: str, n_axes: int) -> Floats:
    values = np.asarray(draws, dtype=float)
    if values.ndim not in {n_axes, n_axes + 1} or values.size == 0:
        raise HarnessError(f"{name} must have shape {shapes}; got {values.shape}")
    n_draws = values.shape[-n_axes]
    if n_draws < 4:
        raise HarnessError(f"{name} has {n_draws} draws per chain; at least 4 are needed")
    if not np.all(np.isfinite(values)):
        n_bad = int(np.sum(~np.isfinite(values)))
        raise HarnessError(f"{name} holds {n_bad} values that are not finite")
    return values

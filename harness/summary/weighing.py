"""What the importance weights of an approximation say of it, and what resampled draws are worth."""

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import Fit, log_weights
from harness.metrics.equal_draws import groups_of, mean_group
from harness.metrics.psis import Psis, psis
from harness.summary.measurement import WeightDiagnostics


def weights_of(fit: Fit) -> Psis | None:
    """Weigh an approximation against the full-data posterior, before any resampling of it.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.

    Returns
    -------
    Psis or None
        None without an approximation's density.
    """
    log_weight = log_weights(fit)
    return None if log_weight is None else psis(log_weight)


def weight_diagnostics(fit: Fit, weights: Psis | None) -> WeightDiagnostics | None:
    """Judge the weights by as many draws as have log densities.

    Parameters
    ----------
    fit : Fit
        A fit that is ok, of an approximation perhaps with further draws for its weights alone.
    weights : Psis or None
        Those of its draws.

    Returns
    -------
    WeightDiagnostics or None
    """
    if weights is None:
        return None
    further = fit.read_draws().get("scores")
    judged = weights
    if further is not None:
        judged = psis((further["log_p"] - further["log_q"]).to_numpy())
    return WeightDiagnostics(
        k_hat=judged.k_hat,
        k_hat_mcse=judged.k_hat_mcse,
        k_hat_threshold=judged.k_hat_threshold,
        n_scores=judged.weights.size,
        n_effective=weights.n_effective,
    )


def is_resampled(fit: Fit) -> bool:
    """Whether the draws were resampled, so that some are equal and the weights not theirs."""
    return "proposals" in fit.read_draws().children


def worth_of(fit: Fit, draws: FloatArray) -> float | None:
    """Return how many independent draws resampled ones are worth.

    Parameters
    ----------
    fit : Fit
    draws : ndarray (n_draws, d)

    Returns
    -------
    float or None
        See `harness.metrics.equal_draws.mean_group`; None of other draws.
    """
    if not is_resampled(fit):
        return None
    return len(draws) / mean_group(draws)


def together(draws: FloatArray, *, seed: int) -> FloatArray:
    """Put draws into a random order in which equal ones stand together.

    Parameters
    ----------
    draws : ndarray (n_draws, d)
    seed : int
        Decides the order.

    Returns
    -------
    ndarray, same shape
    """
    groups = groups_of(draws)
    place = np.random.default_rng(seed).permutation(groups.max() + 1)
    ordered: FloatArray = draws[np.argsort(place[groups], kind="stable")]
    return ordered

"""What a fit cost, on terms that are equal for chains and approximations (pure)."""

from dataclasses import dataclass

import numpy as np

from harness.fits.fit import DrawKind, Fit
from harness.summary.measured import MeasuredFit


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """What a fit costs; None where a value does not apply.

    Attributes
    ----------
    n_row_gradients : float or None
        Gradients times the rows that each looks at.
    ess : float or None
        Effective draws: the smallest bulk ESS of chains; of an approximation the effective
        number under importance weights, if k-hat is within its threshold.
    ess_per_s, ess_per_gradient : float or None
        Effective draws of chains per second of the whole fit and per gradient, adaptation
        included. Independent draws cost next to nothing, so that theirs would say how many were
        asked for.
    """

    n_row_gradients: float | None = None
    ess: float | None = None
    ess_per_s: float | None = None
    ess_per_gradient: float | None = None


def efficiency_of(fit: Fit, measured: MeasuredFit) -> Efficiency:
    """Set what a fit cost against what it gave.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.
    measured : MeasuredFit
        The same fit, measured.

    Returns
    -------
    Efficiency
    """
    n_gradients, n_rows = fit.cost.n_gradients, fit.used_data.get("n_rows")
    is_mcmc = fit.draw_kind is DrawKind.CHAINS
    ess = _chain_ess(measured) if is_mcmc else _weighted_ess(measured)
    return Efficiency(
        n_row_gradients=n_gradients * n_rows if n_gradients and n_rows else None,
        ess=ess,
        ess_per_s=ess / fit.fit_time_s if is_mcmc and ess and fit.fit_time_s else None,
        ess_per_gradient=ess / n_gradients if is_mcmc and ess and n_gradients else None,
    )


def _chain_ess(measured: MeasuredFit) -> float | None:
    """Return the smallest bulk ESS."""
    found = [item.moments.ess_bulk for item in measured.judged]
    return float(np.nanmin(found)) if np.isfinite(found).any() else None


def _weighted_ess(measured: MeasuredFit) -> float | None:
    """Return the effective number of draws, where the weights can be believed."""
    weights = measured.weights
    if weights is None or not weights.k_hat <= weights.k_hat_threshold:
        return None
    return weights.n_effective

"""What a fit cost, on terms that are equal for chains and approximations (pure)."""

from dataclasses import dataclass

import numpy as np

from harness.fits.fit import DrawKind, Fit
from harness.summary.measured import MeasuredFit
from harness.verdict.rules import R_HAT_LIMIT

#: The error of means, in reference sds, that :attr:`Efficiency.time_to_error_s` refers to.
STATED_ERROR_SD = 0.1


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
        Effective draws per second of the whole fit and per gradient, adaptation included.
    time_to_error_s : float or None
        Seconds until every mean is within 0.1 reference sds.  Chains whose R-hat is within its
        limit reach it when their smallest bulk ESS is 100, after the warm-up; an approximation
        when it ends, if its errors are that small, and otherwise never.
    """

    n_row_gradients: float | None = None
    ess: float | None = None
    ess_per_s: float | None = None
    ess_per_gradient: float | None = None
    time_to_error_s: float | None = None


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
    time_to_error_s = _chain_time(fit, measured) if is_mcmc else _approximation_time(fit, measured)
    return Efficiency(
        n_row_gradients=n_gradients * n_rows if n_gradients and n_rows else None,
        ess=ess,
        ess_per_s=ess / fit.fit_time_s if ess and fit.fit_time_s else None,
        ess_per_gradient=ess / n_gradients if ess and n_gradients else None,
        time_to_error_s=time_to_error_s,
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


def _chain_time(fit: Fit, measured: MeasuredFit) -> float | None:
    """Return adaptation plus the part of the run that the needed ESS takes."""
    adapt, run, ess = fit.cost.adapt_time_s, fit.cost.run_time_s, _chain_ess(measured)
    r_hat = np.array([item.moments.r_hat for item in measured.judged])
    if adapt is None or run is None or not ess or np.nanmax(r_hat, initial=1.0) > R_HAT_LIMIT:
        return None
    return adapt + run * STATED_ERROR_SD**-2 / ess


def _approximation_time(fit: Fit, measured: MeasuredFit) -> float | None:
    """Return the time of the fit if its means are close enough."""
    errors = [item.errors.mean_error_sd for item in measured.judged if item.errors]
    if not errors or not np.nanmax(np.abs(errors)) <= STATED_ERROR_SD:
        return None
    return fit.fit_time_s

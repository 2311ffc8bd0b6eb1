"""Rows of ``fits.csv``: one per run."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.summary.efficiency import efficiency_of
from harness.summary.measured import MeasuredFit
from harness.summary.parameter_rows import run_identity, verdict_columns


def fit_row(fitted: FittedRun, measured: MeasuredFit) -> dict[str, Any]:
    """Return the row of ``fits.csv`` for one run.

    Parameters
    ----------
    fitted : FittedRun
        A run, failed or not.
    measured : MeasuredFit
        The same fit, measured.

    Returns
    -------
    dict
        Keys are columns of :data:`harness.results.columns.FITS_COLUMNS`.
    """
    fit = fitted.fit
    is_ok = fit.status is Status.OK
    return {
        **run_identity(fitted),
        "n_rows": fit.used_data.get("n_rows"),
        "likelihood_weight": fit.used_data.get("likelihood_weight"),
        "compile_time_s": fitted.program.compile_time_s,
        "fit_time_s": fit.fit_time_s,
        **asdict(fit.diagnostics),
        **asdict(fit.cost),
        "etas_tried": _listed(fit.diagnostics.etas_tried),
        "attempts": "; ".join(fit.diagnostics.attempts or ()) or None,
        **(asdict(efficiency_of(fit, measured)) if is_ok else {}),
        **_chain_columns(measured),
        "r_hat_all": measured.r_hat_all,
        **_weight_columns(measured),
        **_distance_columns(measured),
        "n_runs": measured.n_runs,
        "n_disagreeing": measured.n_disagreeing,
        **verdict_columns(measured),
        "seed": fitted.run.seed,
        "status": str(fit.status),
        "reason": fit.reason,
        "warnings": "; ".join([*fit.warnings, *measured.notes]),
    }


def _listed(values: Sequence[float] | None) -> str | None:
    """Write numbers one after another; None for none."""
    return ", ".join(f"{value:g}" for value in values) if values else None


def _chain_columns(measured: MeasuredFit) -> dict[str, Any]:
    """Return the worst R-hat under each way of naming components."""
    worst: dict[str, float] = {}
    for item in measured.quantities:
        r_hat = item.moments.r_hat
        if not np.isnan(r_hat):
            column = f"r_hat_max_{item.labels}"
            worst[column] = max(r_hat, worst.get(column, r_hat))
    return worst


def _weight_columns(measured: MeasuredFit) -> dict[str, Any]:
    """Return what the importance weights say."""
    weights = measured.weights
    if weights is None:
        return {}
    return {
        "k_hat": weights.k_hat,
        "k_hat_mcse": weights.k_hat_mcse,
        "k_hat_threshold": weights.k_hat_threshold,
        "n_scores": weights.n_scores,
        "n_effective": weights.n_effective,
    }


def _distance_columns(measured: MeasuredFit) -> dict[str, Any]:
    """Return the distances of the whole fit from its reference or, without one, its target."""
    return {
        **(asdict(measured.joint) if measured.joint else {}),
        **(asdict(measured.stein) if measured.stein else {}),
        "missed_mass": measured.missed_mass,
        "n_label_orders": measured.n_label_orders,
    }

"""Rows of ``comparison.csv``: one per run, way of naming components, and quantity."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.summary.measured import MeasuredFit
from harness.verdict.criteria import Judgement


def run_identity(fitted: FittedRun) -> dict[str, Any]:
    """Return the columns that name a run."""
    run = fitted.run
    return {
        "dataset": run.dataset,
        "program": run.program,
        "method": run.method.name,
        "variant": run.variant,
        "replicate": run.replicate,
    }


def parameter_rows(fitted: FittedRun, measured: MeasuredFit) -> Iterator[dict[str, Any]]:
    """Give the rows of ``comparison.csv`` for one run.

    Parameters
    ----------
    fitted : FittedRun
        A run; if it has no fit, it still gives one row, with its status and verdict.
    measured : MeasuredFit
        The same fit, measured.

    Yields
    ------
    dict
        Keys are columns of :data:`harness.results.columns.COMPARISON_COLUMNS`.
    """
    identity = run_identity(fitted)
    status = str(fitted.fit.status)
    if fitted.fit.status is not Status.OK:
        yield {**identity, **judgement_columns(measured.judgement), "status": status}
        return
    for item in measured.quantities:
        yield {
            **identity,
            "labels": item.labels,
            "parameter": item.name,
            **asdict(item.moments),
            **(asdict(item.errors) if item.errors else {}),
            "r_hat_runs": item.r_hat_runs,
            **judgement_columns(item.judgement),
            "status": status,
        }


def verdict_columns(measured: MeasuredFit) -> dict[str, Any]:
    """Return the columns of a fit's verdict; none for a run that does not apply."""
    judgement = measured.judgement
    if judgement is None:
        return {}
    return {
        **judgement_columns(judgement),
        "decided_parameter": judgement.parameter or None,
        "n_parameters": judgement.n_parameters,
        "n_within": judgement.n_within,
        "worst_parameters": ", ".join(judgement.worst) or None,
        "symmetric_mode": measured.symmetric_mode,
        "reference_problems": measured.reference_problems or None,
    }


def judgement_columns(judgement: Judgement | None) -> dict[str, Any]:
    """Return the columns of a verdict, if there is one."""
    if judgement is None:
        return {}
    return {
        "verdict": str(judgement.verdict),
        "verdict_reason": judgement.reason,
        "decided_by": judgement.criterion or None,
        "decided_value": judgement.value,
        "decided_limit": judgement.limit,
    }

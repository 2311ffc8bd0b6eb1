"""One scalar quantity of a fit: what was measured of it, and its verdict."""

from dataclasses import dataclass, replace

from harness.fits.quantities import PSIS
from harness.metrics.parameter import ParameterComparison
from harness.metrics.stability import Stability
from harness.summary.measurement import QuantityMeasurement
from harness.summary.moments import Moments
from harness.verdict.criteria import (
    FitCriteria,
    Judgement,
    ParameterCriteria,
    Reference,
    Verdict,
)
from harness.verdict.judge import judge_parameter


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a fit is measured against.

    Attributes
    ----------
    n_rows : int or None
        Rows of the data set; None where the program does not say what a row is.
    state : Reference
        Whether there is a valid reference for this fit.
    problems : str
        Why a reference is none.
    r_hat_all : float or None
        Over the chains of all fits of the data set, if there are several.
    caveat : str
        What a sentence has to add because of its reference.
    lacks_mode : str
        Which mode the fit's own chains lack, as a clause; empty if none is known.
    """

    n_rows: int | None
    state: Reference
    problems: str = ""
    r_hat_all: float | None = None
    caveat: str = ""
    lacks_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class MeasuredQuantity:
    """One quantity of a fit under one way of naming components.

    Attributes
    ----------
    labels, name : str
        Which quantity.
    moments : Moments
        Its summary.
    errors : ParameterComparison or None
        Against the reference; None without a valid one.
    r_hat_runs : float or None
        Across replicates.
    judgement : Judgement or None
        The verdict; None for a constant of the program, of which there is nothing to judge.
    """

    labels: str
    name: str
    moments: Moments
    errors: ParameterComparison | None
    r_hat_runs: float | None
    judgement: Judgement | None


def explain(judgement: Judgement, target: Target) -> Judgement:
    """Add to a sentence why the reference is none, or what it leaves open.

    Parameters
    ----------
    judgement : Judgement
    target : Target

    Returns
    -------
    Judgement
    """
    if target.caveat:
        return replace(judgement, reason=f"{judgement.reason}; {target.caveat}")
    if judgement.criterion != "reference_failed":
        return judgement
    return replace(judgement, reason=f"{judgement.reason} (the reference: {target.problems})")


def judge_quantity(
    measured: QuantityMeasurement, target: Target, *, fit: FitCriteria, spread: Stability | None
) -> MeasuredQuantity:
    """Judge one quantity of a fit.

    Parameters
    ----------
    measured : QuantityMeasurement
        What was measured of it.
    target : Target
        What it was measured against.
    fit : FitCriteria
        What is known of the fit as a whole.
    spread : Stability or None
        What replicates say together.

    Returns
    -------
    MeasuredQuantity
    """
    moments, errors = measured.moments, measured.errors
    r_hat_runs = spread.r_hat_runs if spread and not measured.is_constant else None
    judgement = None
    if measured.undefined:
        judgement = Judgement(
            verdict=Verdict.UNKNOWN, criterion="", reason=measured.undefined, nearness=1.0
        )
    elif not measured.is_constant:
        if target.state is Reference.VALID and not measured.in_reference:
            fit = _alone(fit)
        if measured.labels == PSIS:
            fit = _weighted(fit)
        if measured.nameless:
            fit = _nameless(fit)
        found = ParameterCriteria(
            **(vars(errors) if errors else {}),
            r_hat=moments.r_hat,
            ess_bulk=moments.ess_bulk,
            ess_tail=moments.ess_tail,
            r_hat_runs=r_hat_runs,
            k_hat_mean=moments.k_hat_mean,
            k_hat_sd=moments.k_hat_sd,
            k_hat_limit=fit.k_hat_threshold,
        )
        judgement = explain(judge_parameter(found, fit=fit), target)
    return MeasuredQuantity(
        labels=measured.labels,
        name=measured.name,
        moments=moments,
        errors=errors,
        r_hat_runs=r_hat_runs,
        judgement=judgement,
    )


def _alone(fit: FitCriteria) -> FitCriteria:
    """Judge a quantity that the reference lacks as one of a fit without any."""
    return replace(fit, reference=Reference.ABSENT)


def _weighted(fit: FitCriteria) -> FitCriteria:
    """Judge weighted draws by their weights: how the raw fit was found is no fault of theirs.

    The weights target the posterior of all rows, whatever the fit has seen.
    """
    return replace(
        fit,
        is_weighted=True,
        weight_mistake=False,
        stopped_early=False,
        mode_gap_sd=None,
        may_diverge=False,
    )


def _nameless(fit: FitCriteria) -> FitCriteria:
    """Judge raw labels of exchangeable components by the chains alone."""
    return replace(fit, nameless=True, reference=Reference.ABSENT)

"""One scalar quantity of a fit: its summary, its errors against the reference, its verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from harness.datasets import FloatArray
from harness.fit import DrawKind
from harness.metrics.parameter import ParameterComparison, compare_parameter
from harness.metrics.psis import Psis
from harness.metrics.stability import Stability
from harness.quantities import PSIS, RAW, Quantities, is_constant
from harness.reference import ReferenceDraws
from harness.summary.moments import Moments, resample, summarise_draws, summarise_weighted
from harness.verdict.criteria import FitCriteria, Judgement, ParameterCriteria, Reference
from harness.verdict.judge import judge_parameter

# Fewer weighted draws than these have no marginal to compare.
_MIN_RESAMPLED = 10


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a fit is measured against.

    Attributes
    ----------
    n_rows : int or None
        Rows of the data set; None where the program does not say what a row is.
    state : Reference
        Whether there is a valid reference for this fit.
    draws : ReferenceDraws or None
        The reference, if it is valid and not this fit itself.
    problems : str
        Why a reference is none.
    """

    n_rows: int | None
    state: Reference
    draws: ReferenceDraws | None = None
    problems: str = ""


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
    """Add why the reference is none to a sentence that says that it is none.

    Parameters
    ----------
    judgement : Judgement
    target : Target

    Returns
    -------
    Judgement
    """
    if judgement.criterion != "reference_failed":
        return judgement
    return replace(judgement, reason=f"{judgement.reason} (the reference: {target.problems})")


def measure_quantities(
    kind: DrawKind,
    named: Quantities,
    target: Target,
    *,
    fit: FitCriteria,
    spreads: Mapping[tuple[str, str], Stability],
    weights: Psis | None,
) -> Iterator[MeasuredQuantity]:
    """Measure every quantity of a fit.

    Parameters
    ----------
    kind : DrawKind
        Whether the draws are chains.
    named : Quantities
        The draws.
    target : Target
        What they are measured against.
    fit : FitCriteria
        What is known of the fit as a whole.
    spreads : Mapping
        What replicates say together, by labels and name.
    weights : Psis or None
        Importance weights of the draws; with finite ones the quantities come once more, weighted.

    Yields
    ------
    MeasuredQuantity
    """
    for labels, quantities in named.by_labels.items():
        for name, draws in quantities.items():
            spread = spreads.get((labels, name))
            reference = _reference(target, labels, name)
            nameless = labels == RAW and name in named.nameless
            judged_by = _alone(fit) if target.draws is not None and reference is None else fit
            yield _measure(
                draws if kind is DrawKind.CHAINS else draws.ravel(),
                None if nameless else reference,
                target,
                labels=labels,
                name=name,
                moments=summarise_draws(draws, kind),
                fit=_nameless(fit) if nameless else judged_by,
                r_hat_runs=spread.r_hat_runs if spread else None,
            )
    if weights is not None and weights.n_effective > 0:
        yield from _weighted_quantities(named, target, fit=fit, weights=weights)


def _weighted_quantities(
    named: Quantities, target: Target, *, fit: FitCriteria, weights: Psis
) -> Iterator[MeasuredQuantity]:
    """Measure what importance weights make of the draws."""
    for name, draws in named.judged.items():
        resampled = resample(draws.ravel(), weights)
        enough = resampled.size >= _MIN_RESAMPLED
        reference = _reference(target, named.judged_labels, name)
        judged_by = _alone(fit) if target.draws is not None and reference is None else fit
        yield _measure(
            resampled,
            reference if enough else None,
            target,
            labels=PSIS,
            name=name,
            moments=summarise_weighted(draws.ravel(), weights),
            fit=replace(judged_by, is_weighted=True),
            r_hat_runs=None,
        )


def _alone(fit: FitCriteria) -> FitCriteria:
    """Judge a quantity that the reference lacks as one of a fit without any."""
    return replace(fit, reference=Reference.ABSENT)


def _nameless(fit: FitCriteria) -> FitCriteria:
    """Judge raw labels of exchangeable components by the chains alone."""
    return replace(fit, nameless=True, reference=Reference.ABSENT)


def _reference(target: Target, labels: str, name: str) -> FloatArray | None:
    """Find a quantity's reference: named components stand under their own order."""
    if target.draws is None:
        return None
    by_labels = target.draws.quantities.by_labels
    own = by_labels.get(labels) if labels != RAW else target.draws.quantities.judged
    return None if own is None else own.get(name)


def _measure(
    draws: FloatArray,
    reference: FloatArray | None,
    target: Target,
    *,
    labels: str,
    name: str,
    moments: Moments,
    fit: FitCriteria,
    r_hat_runs: float | None,
) -> MeasuredQuantity:
    """Measure and judge one quantity."""
    if is_constant(draws) and (reference is None or is_constant(reference)):
        exact = replace(moments, ess_bulk=np.nan, ess_tail=np.nan, r_hat=np.nan)
        return MeasuredQuantity(
            labels=labels, name=name, moments=exact, errors=None, r_hat_runs=None, judgement=None
        )
    errors = compare_parameter(draws, reference=reference) if reference is not None else None
    figures = ParameterCriteria(
        **(asdict(errors) if errors else {}),
        r_hat=moments.r_hat,
        ess_bulk=moments.ess_bulk,
        ess_tail=moments.ess_tail,
        r_hat_runs=r_hat_runs,
    )
    return MeasuredQuantity(
        labels=labels,
        name=name,
        moments=moments,
        errors=errors,
        r_hat_runs=r_hat_runs,
        judgement=explain(judge_parameter(figures, fit=fit), target),
    )

"""A fit measured against its reference and by its own weights, and the verdict on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import RAW
from harness.metrics.joint import JointComparison
from harness.metrics.stability import Stability
from harness.metrics.stein import KernelStein
from harness.summary.measurement import Measurement, WeightDiagnostics
from harness.summary.mixing import limit_of
from harness.summary.quantity import MeasuredQuantity, Target, explain, judge_quantity
from harness.verdict.criteria import FitCriteria, Judgement, Reference
from harness.verdict.judge import judge_fit


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredFit:
    """A fit, measured; what does not apply is None, and of a failed fit everything.

    Attributes
    ----------
    quantities : tuple of MeasuredQuantity
        Under every way of naming components.
    joint : JointComparison or None
        Distances from the reference.
    missed_mass : float or None
        See `harness.metrics.modes.missed_mass`.
    stein : KernelStein or None
        From the gradients of the log density, in units that all fits of a data set share.
    weights : WeightDiagnostics or None
        Importance weights against the full-data posterior.
    judged_labels : str
        The way of naming components that the verdict on the fit rests on.
    n_label_orders : int or None
        In how many orders the draws name the components.
    symmetric_mode : bool or None
        Whether the draws cover one of several modes that are relabellings of each other.
    reference_problems : str
        Why the reference is none, empty if it is one or there is none.
    r_hat_all : float or None
        Over the chains of all fits of the data set, if there are several.
    notes : tuple of str
        What could not be measured, and why.
    n_runs, n_disagreeing : int or None
        Of an approximation, runs with these options that have a fit, and those of them that get
        another verdict by themselves.
    judgement : Judgement or None
        The verdict on the fit; None for a run that does not apply.
    """

    quantities: tuple[MeasuredQuantity, ...] = ()
    joint: JointComparison | None = None
    missed_mass: float | None = None
    stein: KernelStein | None = None
    weights: WeightDiagnostics | None = None
    judged_labels: str = RAW
    n_label_orders: int | None = None
    symmetric_mode: bool | None = None
    reference_problems: str = ""
    r_hat_all: float | None = None
    notes: tuple[str, ...] = ()
    n_runs: int | None = None
    n_disagreeing: int | None = None
    judgement: Judgement | None

    @property
    def judged(self) -> tuple[MeasuredQuantity, ...]:
        """The quantities that the verdict on the fit rests on."""
        return tuple(item for item in self.quantities if item.labels == self.judged_labels)


def measure_failure(fit: Fit) -> MeasuredFit:
    """Judge a run without draws.

    Parameters
    ----------
    fit : Fit
        A fit whose status is not ok.

    Returns
    -------
    MeasuredFit
    """
    if fit.status is Status.NOT_APPLICABLE:
        return MeasuredFit(judgement=None)
    criteria = FitCriteria(
        is_mcmc=False, reference=Reference.ABSENT, failed=True, failure=fit.reason
    )
    return MeasuredFit(judgement=judge_fit(criteria, parameters={}))


def judge_measurement(
    fit: Fit,
    measurement: Measurement,
    *,
    target: Target,
    spreads: Mapping[tuple[str, str], Stability],
    n_runs: int | None = None,
    n_disagreeing: int | None = None,
) -> MeasuredFit:
    """Judge a fit by what was measured of it.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.
    measurement : Measurement
        What was measured of it.
    target : Target
        What it was measured against.
    spreads : Mapping
        Of a series with several replicates, what they say together, by labels and name.
    n_runs : int, optional
        Of an approximation, the replicates that have a fit.
    n_disagreeing : int, optional
        Those of them that have another verdict by themselves.

    Returns
    -------
    MeasuredFit
    """
    measurement = measurement.as_known(compared=target.state is Reference.VALID)
    criteria = replace(
        _criteria(fit, measurement, target), n_runs=n_runs, n_disagreeing=n_disagreeing
    )
    measured = tuple(
        judge_quantity(each, target, fit=criteria, spread=spreads.get((each.labels, each.name)))
        for each in measurement.quantities
    )
    return MeasuredFit(
        quantities=measured,
        joint=measurement.joint,
        missed_mass=measurement.missed_mass,
        stein=measurement.stein,
        weights=measurement.weights,
        judged_labels=measurement.judged_labels,
        n_label_orders=measurement.n_label_orders,
        symmetric_mode=criteria.symmetric_mode,
        reference_problems=target.problems,
        r_hat_all=target.r_hat_all,
        notes=measurement.notes,
        n_runs=n_runs,
        n_disagreeing=n_disagreeing,
        judgement=_judge_together(measured, measurement, target, criteria),
    )


def _judge_together(
    measured: Sequence[MeasuredQuantity],
    measurement: Measurement,
    target: Target,
    criteria: FitCriteria,
) -> Judgement:
    """Judge the fit by those of its quantities that are judged."""
    named = [
        (each, quantity)
        for each, quantity in zip(measured, measurement.quantities, strict=True)
        if each.labels == measurement.judged_labels
    ]
    judged = [each for each, quantity in named if not quantity.undefined]
    judgements = {each.name: each.judgement for each in judged if each.judgement is not None}
    with_errors = {each.name for each in judged if each.errors}
    compared = {name: each for name, each in judgements.items() if name in with_errors}
    # where there is a reference, what it lacks decides nothing
    is_compared = target.state is Reference.VALID
    # where the fit alone is undefined, its draws are no draws of the posterior
    broken = {
        each.name: each.judgement
        for each, found in named
        if each.judgement is not None and found.is_less_defined
    }
    judgement = judge_fit(
        criteria, parameters={**(compared if is_compared else judgements), **broken}
    )
    judgement = _partial(judgement, target, n_compared=len(compared), n_judged=len(judgements))
    return explain(judgement, target)


def _partial(judgement: Judgement, target: Target, *, n_compared: int, n_judged: int) -> Judgement:
    """Say what a verdict leaves out, if its reference lacks something."""
    if target.state is not Reference.VALID or n_compared == n_judged:
        return judgement
    left_out = (
        f"; of {n_judged} quantities {n_judged - n_compared} have no reference and do not count"
    )
    return replace(judgement, reason=judgement.reason + left_out)


def _criteria(fit: Fit, measurement: Measurement, target: Target) -> FitCriteria:
    """Collect what the verdict on a fit looks at."""
    diagnostics = fit.diagnostics
    weights, joint = measurement.weights, measurement.joint
    used = fit.used_data
    n_rows = used.get("n_rows_of_all", target.n_rows)
    # chains that mix well have the posterior of the rows that they have seen
    is_part = n_rows is not None and used["n_rows"] < n_rows
    is_mcmc = fit.draw_kind is DrawKind.CHAINS and (not is_part or target.state is Reference.VALID)
    seen = used["n_rows"] * used["likelihood_weight"] if n_rows is not None else 0.0
    orders, own = measurement.n_label_orders, measurement.judged_labels
    return FitCriteria(
        is_mcmc=is_mcmc,
        reference=target.state,
        collapsed=measurement.has_collapsed,
        weight_mistake=(n_rows is not None and abs(seen - n_rows) > 1e-6 * n_rows),
        stopped_early=diagnostics.converged == "no",
        mode_gap_sd=diagnostics.mode_gap_sd,
        may_diverge=bool(diagnostics.may_be_diverging),
        mode_missed=bool(measurement.missed_mass or target.lacks_mode),
        missed=target.lacks_mode,
        symmetric_mode=not is_mcmc and orders is not None and orders < measurement.n_symmetries,
        r_hat_all=target.r_hat_all,
        r_hat_limit=limit_of(fit, [q for q in measurement.quantities if q.labels == own]),
        n_divergent=diagnostics.n_divergent,
        e_bfmi=diagnostics.e_bfmi_min,
        k_hat=weights.k_hat if weights else None,
        k_hat_threshold=weights.k_hat_threshold if weights else None,
        mahalanobis=joint.mahalanobis if joint else None,
        mahalanobis_mcse=joint.mahalanobis_mcse if joint else None,
        log_eigenvalue_low=joint.log_eigenvalue_low if joint else None,
        log_eigenvalue_low_mcse=joint.log_eigenvalue_low_mcse if joint else None,
        log_eigenvalue_high=joint.log_eigenvalue_high if joint else None,
        log_eigenvalue_high_mcse=joint.log_eigenvalue_high_mcse if joint else None,
        log_eigenvalue_low_chance=joint.log_eigenvalue_low_chance if joint else None,
        log_eigenvalue_high_chance=joint.log_eigenvalue_high_chance if joint else None,
        c2st_accuracy=joint.c2st_accuracy if joint else None,
        c2st_mcse=joint.c2st_mcse if joint else None,
    )

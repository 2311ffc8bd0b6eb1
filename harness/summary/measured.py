"""A fit measured against its reference and by its own weights, and the verdict on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.fit import DrawKind, Fit, Status, log_weights
from harness.metrics.joint import JointComparison, compare_joint
from harness.metrics.modes import missed_mass
from harness.metrics.psis import Psis, psis
from harness.metrics.stability import Stability
from harness.metrics.stein import KernelStein, kernel_stein_discrepancy
from harness.quantities import RAW, Quantities, free_names, stack
from harness.runner import FittedRun
from harness.summary.quantity import MeasuredQuantity, Target, explain, measure_quantities
from harness.verdict.criteria import FitCriteria, Judgement, Reference
from harness.verdict.judge import judge_fit

# The distances that take all pairs of draws, and the classifier, use so many of each set.
_MAX_JOINT_DRAWS = 1000
# A discrepancy of fewer points says nothing.
_MIN_POINTS = 10
# Keeps the generator of random directions and folds apart from others of the same seed.
_JOINT_STREAM = 2


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
        From the gradients of the log density, in units of the draws' own sds.
    weights : Psis or None
        Importance weights against the full-data posterior.
    judged_labels : str
        The way of naming components that the verdict on the fit rests on.
    n_label_orders : int or None
        In how many orders the draws name the components.
    symmetric_mode : bool or None
        Whether the draws cover one of several modes that are relabellings of each other.
    reference_problems : str
        Why the reference is none, empty if it is one or there is none.
    judgement : Judgement or None
        The verdict on the fit; None for a run that does not apply.
    """

    quantities: tuple[MeasuredQuantity, ...] = ()
    joint: JointComparison | None = None
    missed_mass: float | None = None
    stein: KernelStein | None = None
    weights: Psis | None = None
    judged_labels: str = RAW
    n_label_orders: int | None = None
    symmetric_mode: bool | None = None
    reference_problems: str = ""
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
    figures = FitCriteria(
        is_mcmc=False, reference=Reference.ABSENT, failed=True, failure=fit.reason
    )
    return MeasuredFit(judgement=judge_fit(figures, parameters={}))


def measure_fit(
    item: FittedRun,
    named: Quantities,
    *,
    target: Target,
    spreads: Mapping[tuple[str, str], Stability],
) -> MeasuredFit:
    """Measure a fit.

    Parameters
    ----------
    item : FittedRun
        A run whose fit is ok.
    named : Quantities
        Its quantities.
    target : Target
        What it is measured against.
    spreads : Mapping
        Of a series with several replicates, what they say together, by labels and name.

    Returns
    -------
    MeasuredFit
    """
    weights = _weights(item.fit)
    joint, missed = _joint(item, named, target)
    figures = _figures(item.fit, named, target, weights=weights, joint=joint, missed=missed)
    # an approximation that was resampled has weights for its proposals, not for its draws
    of_draws = None if _is_resampled(item.fit) else weights
    measured = tuple(
        measure_quantities(
            item.fit.draw_kind, named, target, fit=figures, spreads=spreads, weights=of_draws
        )
    )
    judgements = {
        each.name: each.judgement
        for each in measured
        if each.labels == named.judged_labels and each.judgement is not None
    }
    compared = {
        each.name: judgements[each.name]
        for each in measured
        if each.labels == named.judged_labels and each.errors and each.name in judgements
    }
    # where there is a reference, what it lacks decides nothing
    judgement = judge_fit(figures, parameters=compared if target.draws else judgements)
    judgement = _partial(judgement, target, n_compared=len(compared), n_judged=len(judgements))
    return MeasuredFit(
        quantities=measured,
        joint=joint,
        missed_mass=missed,
        stein=_stein(item.fit),
        weights=weights,
        judged_labels=named.judged_labels,
        n_label_orders=named.n_label_orders,
        symmetric_mode=figures.symmetric_mode,
        reference_problems=target.problems,
        judgement=explain(judgement, target),
    )


def _partial(judgement: Judgement, target: Target, *, n_compared: int, n_judged: int) -> Judgement:
    """Say what a verdict leaves out, if its reference lacks something."""
    if target.draws is None or n_compared == n_judged:
        return judgement
    left_out = (
        f"; of {n_judged} quantities {n_judged - n_compared} have no reference and do not count"
    )
    return replace(judgement, reason=judgement.reason + left_out)


def _is_resampled(fit: Fit) -> bool:
    return fit.draws is not None and "proposals" in fit.draws.children


def _weights(fit: Fit) -> Psis | None:
    """Weigh an approximation against the full-data posterior, before any resampling of it."""
    log_weight = log_weights(fit)
    return None if log_weight is None else psis(log_weight)


def _stein(fit: Fit) -> KernelStein | None:
    """Measure draws by the gradients of the log density, in units of the draws' own sds."""
    assert fit.draws is not None  # noqa: S101 - the fit is ok
    points = fit.draws.get("points")
    if points is None:
        return None
    positions, gradients = points["position"].to_numpy(), points["gradient"].to_numpy()
    scale = positions.std(axis=0)
    if len(positions) < _MIN_POINTS or not (scale > 0).all():
        return None
    return kernel_stein_discrepancy(positions, gradients=gradients, scale=scale)


def _joint(
    item: FittedRun, named: Quantities, target: Target
) -> tuple[JointComparison | None, float | None]:
    """Measure all quantities together, and the modes that the fit does not visit."""
    if target.draws is None:
        return None, None
    reference = target.draws.quantities.judged
    names = free_names(reference)
    draws = stack(named.judged, names)
    if item.fit.draw_kind is DrawKind.INDEPENDENT:
        draws = draws.reshape(-1, len(names))
    against = stack(reference, names)
    joint = compare_joint(
        draws,
        reference=against,
        rng=np.random.default_rng([item.run.seed, _JOINT_STREAM]),
        max_draws=_MAX_JOINT_DRAWS,
    )
    return joint, missed_mass(draws, reference=against)


def _figures(
    fit: Fit,
    named: Quantities,
    target: Target,
    *,
    weights: Psis | None,
    joint: JointComparison | None,
    missed: float | None,
) -> FitCriteria:
    """Collect what the verdict on a fit looks at."""
    diagnostics = fit.diagnostics
    is_mcmc = fit.draw_kind is DrawKind.CHAINS
    used = fit.used_data
    seen = used["n_rows"] * used["likelihood_weight"] if target.n_rows is not None else 0.0
    orders = named.n_label_orders
    return FitCriteria(
        is_mcmc=is_mcmc,
        reference=target.state,
        weight_mistake=(
            target.n_rows is not None and abs(seen - target.n_rows) > 1e-6 * target.n_rows
        ),
        stopped_early=diagnostics.converged == "no",
        may_diverge=bool(diagnostics.may_be_diverging),
        mode_missed=bool(missed),
        symmetric_mode=not is_mcmc and orders is not None and orders < named.n_symmetries,
        n_divergent=diagnostics.n_divergent,
        e_bfmi=diagnostics.e_bfmi_min,
        k_hat=weights.k_hat if weights else None,
        k_hat_threshold=weights.k_hat_threshold if weights else None,
        mahalanobis=joint.mahalanobis if joint else None,
        mahalanobis_null_95=joint.mahalanobis_null_95 if joint else None,
        whitened_covariance_error=joint.whitened_covariance_error if joint else None,
        whitened_covariance_null_95=joint.whitened_covariance_null_95 if joint else None,
        c2st_accuracy=joint.c2st_accuracy if joint else None,
        c2st_mcse=joint.c2st_mcse if joint else None,
    )

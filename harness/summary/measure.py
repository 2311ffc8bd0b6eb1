"""Draws to statistics: a fit's summaries, its own weights, and its errors against a reference."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import HarnessError
from harness.fits.fit import DrawKind, Fit
from harness.fits.quantities import PSIS, RAW, Quantities, stack, variable_of
from harness.metrics.batch import BATCH_SIZE, Batch
from harness.metrics.joint import JointComparison, JointReference, compare_joint
from harness.metrics.modes import missed_mass
from harness.metrics.parameter import ParameterComparison, compare_batches
from harness.metrics.psis import Psis
from harness.summary.against import Against, FreeDraws, batches
from harness.summary.constants import (
    has_collapsed,
    is_fixed,
    is_less_defined,
    tells_constants,
    undefined_in,
)
from harness.summary.measurement import Measurement, QuantityMeasurement
from harness.summary.moments import Moments, summarise_batch, summarise_defined
from harness.summary.stein import points_of, slopes_of, stein_of
from harness.summary.weighing import (
    is_resampled,
    together,
    weight_diagnostics,
    weights_of,
    worth_of,
)
from harness.summary.weighted import WeightedDraws

# The distances that take all pairs of draws, and the classifier, use so many of each set.
_MAX_JOINT_DRAWS = 1000
# Fewer weighted draws have no marginal.
_MIN_POINTS = 10
# Keeps the generator of random directions and folds apart from others of the same seed.
_JOINT_STREAM = 2


# draws of an improper posterior, near the largest double, give infinite moments without a warning
@np.errstate(all="ignore")
def measure(
    fit: Fit,
    named: Quantities,
    *,
    against: Against | None,
    seed: int,
    parameters: Sequence[str] = (),
    free: FreeDraws | None = None,
    scale: FloatArray | None = None,
) -> Measurement:
    """Measure a fit.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.
    named : Quantities
        Its quantities.
    against : Against or None
        The reference, if there is a valid one that is not this fit itself.
    seed : int
        Decides random directions and folds.
    parameters : sequence of str
        The variables of the ``parameters`` block, which are judged together: what is computed
        from them is judged one by one. All variables if empty.
    free : FreeDraws, optional
        The parameters on the unconstrained scale, if that is known; they are judged together
        there, or else as they are.
    scale : ndarray, optional
        The sds of the reference on the unconstrained scale of the fit's program, the units of the
        Stein discrepancy; without them there is none.

    Returns
    -------
    Measurement
        The same for the same fit, reference and seed, whenever and wherever it is measured.
    """
    weights = weights_of(fit)
    own = tuple(name for name in named.judged if not parameters or variable_of(name) in parameters)
    joint, missed, notes = _joint(fit, named, against, own=own, free=free, seed=seed)
    quantities = [
        *_plain_quantities(fit, named, against),
        *_undefined_quantities(named, against),
    ]
    if weights is not None and weights.n_effective > 0 and not is_resampled(fit):
        quantities += _weighted_quantities(named, against, weights)
    return Measurement(
        quantities=tuple(quantities),
        joint=joint,
        missed_mass=missed,
        has_gradients=points_of(fit) is not None,
        stein=None if scale is None else stein_of(fit, scale),
        weights=weight_diagnostics(fit, weights),
        judged_labels=named.judged_labels,
        n_label_orders=named.n_label_orders,
        n_symmetries=named.n_symmetries,
        has_collapsed=has_collapsed(named, reference=against.quantities if against else None),
        notes=notes,
    )


def _joint(
    fit: Fit,
    named: Quantities,
    against: Against | None,
    *,
    own: tuple[str, ...],
    free: FreeDraws | None,
    seed: int,
) -> tuple[JointComparison | None, float | None, tuple[str, ...]]:
    """Measure all parameters together, and the modes that the fit does not visit."""
    if against is None:
        return None, None, ()
    names = against.free_names(own)
    missed = joint = None
    try:
        if names:
            draws = stack(named.judged, names)
            missed = missed_mass(draws, reference=against.stacked(names))
        if free is not None:
            joint = _compared(fit, free.draws, free.reference, seed=seed)
        elif names:
            joint = _compared(fit, draws, against.joint(names), seed=seed)
    except HarnessError as error:
        note = f"the distances of all parameters together are not known: {error}"
        return None, missed, (note,)
    return joint, missed, ()


def _compared(
    fit: Fit, draws: FloatArray, reference: JointReference, *, seed: int
) -> JointComparison:
    """Measure the distances of a fit from a reference, its draws of shape (chain, draw, d)."""
    worth = slopes = None
    if fit.draw_kind is DrawKind.INDEPENDENT:
        draws = draws.reshape(-1, draws.shape[-1])
        worth = worth_of(fit, draws)
        draws = draws if worth is None else together(draws, seed=seed)
        slopes = slopes_of(fit, draws) if worth is None else None
    return compare_joint(
        draws,
        reference=reference,
        rng=np.random.default_rng([seed, _JOINT_STREAM]),
        max_draws=_MAX_JOINT_DRAWS,
        worth=worth,
        slopes=slopes,
    )


def _plain_quantities(
    fit: Fit, named: Quantities, against: Against | None
) -> Iterator[QuantityMeasurement]:
    """Measure every quantity under every way of naming components."""
    kind = fit.draw_kind
    tells = tells_constants(named, are_chains=kind is DrawKind.CHAINS)
    for labels, quantities in named.by_labels.items():
        draws = {
            name: values if kind is DrawKind.CHAINS else values.ravel()
            for name, values in quantities.items()
        }
        nameless = named.nameless if labels == RAW else frozenset()
        compared = _comparable(draws, [n for n in draws if n not in nameless], against, labels)
        others = [name for name in draws if name not in compared]
        worth = None
        if draws and is_resampled(fit):
            worth = worth_of(fit, np.stack(list(draws.values()), axis=-1))
        ours = {
            group: batches([draws[n] for n in group], worth=worth)
            for group in (compared, tuple(others))
        }
        errors = _errors(compared, ours[compared], against, labels)
        moments = {
            name: summary
            for group, parts in ours.items()
            for name, summary in zip(group, _summaries(parts), strict=True)
        }
        for name, values in draws.items():
            yield _quantity(
                values,
                against,
                key=(labels, name),
                moments=moments[name],
                errors=errors.get(name),
                tells=tells,
                nameless=name in nameless,
            )


def _undefined_quantities(
    named: Quantities, against: Against | None
) -> Iterator[QuantityMeasurement]:
    """Summarise what draws there are of quantities that others lack."""
    for labels in dict.fromkeys((RAW, named.judged_labels)):
        for name, draws in named.undefined.items():
            yield QuantityMeasurement(
                labels=labels,
                name=name,
                moments=summarise_defined(draws),
                undefined=undefined_in(draws),
                is_less_defined=is_less_defined(
                    draws, reference=against.quantities.raw(name) if against else None
                ),
            )


def _summaries(parts: Sequence[Batch]) -> Iterator[Moments]:
    """Summarise batches, a quantity after another."""
    return chain.from_iterable(summarise_batch(batch) for batch in parts)


def _weighted_quantities(
    named: Quantities, against: Against | None, weights: Psis
) -> Iterator[QuantityMeasurement]:
    """Measure what importance weights make of the draws."""
    labels, names = named.judged_labels, list(named.judged)
    resampled: dict[str, FloatArray] = {}
    moments: dict[str, Moments] = {}
    for i in range(0, len(names), BATCH_SIZE):
        some = names[i : i + BATCH_SIZE]
        draws = np.stack([named.judged[name].ravel() for name in some])
        weighted = WeightedDraws(draws=draws, weights=weights)
        resampled |= zip(some, weighted.resampled(), strict=True)
        moments |= zip(some, weighted.moments(), strict=True)
    is_enough = int(weights.n_effective) >= _MIN_POINTS
    compared = _comparable(resampled, names, against if is_enough else None, labels)
    errors = _errors(compared, batches([resampled[n] for n in compared]), against, labels)
    for name in names:
        yield _quantity(
            resampled[name],
            against,
            key=(labels, name),
            moments=moments[name],
            errors=errors.get(name),
            shown_labels=PSIS,
        )


def _comparable(
    draws: dict[str, FloatArray], names: Sequence[str], against: Against | None, labels: str
) -> tuple[str, ...]:
    """Pick the quantities that the reference has and whose draws are numbers."""
    if against is None:
        return ()
    known = against.named(labels)
    return tuple(n for n in names if n in known and np.isfinite(draws[n]).all())


def _errors(
    names: tuple[str, ...], ours: Sequence[Batch], against: Against | None, labels: str
) -> dict[str, ParameterComparison]:
    """Compare quantities with the reference."""
    if against is None:
        return {}
    pairs = zip(ours, against.batches(labels, names), strict=True)
    found = chain.from_iterable(compare_batches(x, r) for x, r in pairs)
    return dict(zip(names, found, strict=True))


def _quantity(
    draws: FloatArray,
    against: Against | None,
    *,
    key: tuple[str, str],
    moments: Moments,
    errors: ParameterComparison | None,
    tells: bool = False,
    nameless: bool = False,
    shown_labels: str | None = None,
) -> QuantityMeasurement:
    """Put the statistics of a quantity together; of a constant there are no errors."""
    labels, name = key
    known = against.named(labels) if against else {}
    fixed = is_fixed(draws, reference=None if nameless else known.get(name), tells=tells)
    lacking = against.quantities.undefined.get(name) if against else None
    if fixed:
        moments = replace(moments, ess_bulk=np.nan, ess_tail=np.nan, r_hat=np.nan)
    return QuantityMeasurement(
        labels=shown_labels or labels,
        name=name,
        moments=moments,
        errors=None if fixed else errors,
        in_reference=name in known,
        is_constant=fixed,
        nameless=nameless,
        undefined="" if lacking is None else undefined_in(lacking, "the reference is "),
    )

"""What `harness compare` says of approximations, with a NUTS reference and without, and the truth.

Parameters are judged where their moments are known, on the unconstrained scale.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.evidence.provisional import as_chains
from harness.evidence.steps import Answer
from harness.fits.fit import Fit, Status
from harness.fits.quantities import Quantities, quantities
from harness.methods import Nuts, Problem, make_method
from harness.methods.draw_points import unconstrained_points
from harness.methods.metered import Metered
from harness.program.log_density import Density
from harness.program.program import Program
from harness.summary.against import Against
from harness.summary.measure import measure
from harness.summary.measured import judge_measurement
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws, reference_from_fit
from harness.summary.visited import lacking_mode
from harness.verdict.criteria import Judgement, Reference
from tools.verdicts.known import FloatArray

#: Approximations whose verdicts are counted, with their options.
METHODS: dict[str, dict[str, Any]] = {
    "laplace": {},
    "pathfinder": {},
    "advi": {},
    "advi_fullrank": {},
    "vi_meanfield": {},
    "vi_fullrank": {},
}
#: The reference of a comparison; it is not run again where it fails.
_REFERENCE = {"n_draws": 2000, "adapt_delta": 0.95}
_SEED = 7
#: What the coordinates of the unconstrained scale are called.
_POSITION = "position"
_PROGRAM = Program(name="known", file=Path("known.stan"), parameters=(_POSITION,))


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """A verdict on an approximation.

    Attributes
    ----------
    method : str
    seed : int
    reference : str
        ``NUTS`` or ``evidence``.
    judgement : Judgement or None
    moments : tuple of ndarray
        Means and sds on the unconstrained scale.
    gradients : float
    """

    method: str
    seed: int
    reference: str
    judgement: Judgement | None
    moments: tuple[FloatArray, FloatArray]
    gradients: float = field(default=0.0)


def verdicts(
    problem: Problem, density: Density, answers: dict[int, Answer | None]
) -> Iterator[Verdict]:
    """Fit each approximation for each seed, and judge it twice.

    Parameters
    ----------
    problem : Problem
    density : Density
        Of the same program and data.
    answers : dict
        What evidence gave, by seed; None where it may not be trusted.
    """
    reference = _nuts_reference(problem, density)
    for seed, answer in answers.items():
        evidence = None if answer is None else _evidence(answer)
        for method, options in METHODS.items():
            try:
                fit = make_method(method, options).fit(problem, seed=100 + seed)
                points, is_own = _positions(problem, fit, density)
            except HarnessError:
                continue  # no fit, no verdict
            if not is_own or fit.status is not Status.OK:
                continue
            flat = points.reshape(-1, points.shape[-1])
            moments = flat.mean(axis=0), flat.std(axis=0)
            # as a comparison, which has evidence in the place of a reference that fails
            for kind, draws in (("NUTS", reference or evidence), ("evidence", evidence)):
                yield Verdict(
                    method=method,
                    seed=seed,
                    reference=kind,
                    judgement=_judged(fit, points, draws) if draws else None,
                    moments=moments,
                    gradients=fit.cost.n_gradients or 0,
                )


def _nuts_reference(problem: Problem, density: Density) -> ReferenceDraws | None:
    """Return the reference's draws; None if it fails its checks, as that of a comparison may."""
    fit = make_method(Nuts.name, _REFERENCE).fit(problem, seed=_SEED)
    points, is_own = _positions(problem, fit, density)
    if not is_own:
        return None
    draws = reference_from_fit(fit, _named(points), title="NUTS")
    is_lacking = lacking_mode(points, Metered(density), seed=_SEED)
    return None if draws.problems or is_lacking else draws


def _evidence(answer: Answer) -> ReferenceDraws:
    """Return draws that evidence lets be trusted."""
    named = _named(as_chains(answer).points)
    return ReferenceDraws(title="evidence", quantities=named, problems=())


def _positions(problem: Problem, fit: Fit, density: Density) -> tuple[FloatArray, bool]:
    """Return draws on the unconstrained scale, and whether they are all parameters'."""
    return unconstrained_points(fit, density, problem.program.program.parameters)


def _named(points: FloatArray) -> Quantities:
    return quantities({_POSITION: points}, _PROGRAM)


def _judged(fit: Fit, points: FloatArray, draws: ReferenceDraws) -> Judgement | None:
    """Judge a fit against a reference."""
    found = measure(
        *(fit, _named(points)),
        against=Against(lambda: draws),
        seed=1,
        parameters=(_POSITION,),
    )
    target = Target(n_rows=None, state=Reference.VALID)
    return judge_measurement(fit, found, target=target, spreads={}, n_runs=1).judgement

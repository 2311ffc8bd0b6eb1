"""What `harness compare` says of approximations, with a NUTS reference and without, and the truth.

The joint rules are left out: they only turn *trust* into *marginals*, and take most of the time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.errors import HarnessError
from harness.evidence.fitting import points_tree
from harness.evidence.steps import Answer
from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import Quantities, posterior_arrays, quantities
from harness.methods import Nuts, Problem, make_method
from harness.methods.draw_points import unconstrained_points
from harness.program.log_density import Density
from harness.summary.against import Against
from harness.summary.measure import measure
from harness.summary.measured import judge_measurement
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws, reference_from_fit
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
_NO_JOINT_RULES = ("",)


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
    reference = _nuts_reference(problem)
    for seed, answer in answers.items():
        evidence = None if answer is None else _evidence(problem, density, answer)
        for method, options in METHODS.items():
            try:
                fit = make_method(method, options).fit(problem, seed=100 + seed)
                points, is_own = unconstrained_points(
                    fit, density, problem.program.program.parameters
                )
            except HarnessError:
                continue  # no fit, no verdict
            if not is_own or fit.status is not Status.OK:
                continue
            flat = points.reshape(-1, points.shape[-1])
            moments = flat.mean(axis=0), flat.std(axis=0)
            for kind, draws in (("NUTS", reference), ("evidence", evidence)):
                yield Verdict(
                    method=method,
                    seed=seed,
                    reference=kind,
                    judgement=_judged(problem, fit, draws) if draws else None,
                    moments=moments,
                    gradients=fit.cost.n_gradients or 0,
                )


def _nuts_reference(problem: Problem) -> ReferenceDraws | None:
    """Return the reference's draws; None if it fails its checks."""
    fit = make_method(Nuts.name, _REFERENCE).fit(problem, seed=7)
    draws = reference_from_fit(fit, _named(problem, fit), title="NUTS")
    return None if draws.problems else draws


def _evidence(problem: Problem, density: Density, answer: Answer) -> ReferenceDraws:
    """Return draws that evidence lets be trusted."""
    tree = points_tree(density, answer, seed=1)
    fit = Fit(status=Status.OK, draws=tree, draw_kind=DrawKind.CHAINS)
    return ReferenceDraws(title="evidence", quantities=_named(problem, fit), problems=())


def _named(problem: Problem, fit: Fit) -> Quantities:
    program = problem.program.program
    return quantities(posterior_arrays(fit, program), program)


def _judged(problem: Problem, fit: Fit, draws: ReferenceDraws) -> Judgement | None:
    """Judge a fit against a reference."""
    found = measure(
        *(fit, _named(problem, fit)),
        against=Against(lambda: draws),
        seed=1,
        parameters=_NO_JOINT_RULES,
    )
    target = Target(n_rows=None, state=Reference.VALID)
    return judge_measurement(fit, found, target=target, spreads={}, n_runs=1).judgement

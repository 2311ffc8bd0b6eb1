"""Draws to compare with where no reference is given: those that the evidence lets be trusted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.cascade import Cascade
from harness.evidence.fitting import points_tree
from harness.evidence.judge import NOT_EXCLUDED
from harness.evidence.steps import Step
from harness.fits.fit import DrawKind
from harness.fits.posterior import stan_variables, variable_of
from harness.fits.quantities import quantities
from harness.given.given import Given, given_method
from harness.program.log_density import Density
from harness.program.program import Program
from harness.summary.reference import ReferenceDraws


@dataclass(frozen=True, kw_only=True, eq=False)
class EvidenceReference:
    """What evidence there is on a posterior.

    Attributes
    ----------
    draws : Given or None
        The draws that may be trusted, or the best there are; None without any.
    title : str
        What made them.
    problems : str
        Why they are no reference, empty if they are one.
    caveat : str
        What evidence of this kind cannot exclude.
    """

    draws: Given | None
    title: str
    problems: str
    caveat: str = NOT_EXCLUDED


def provisional_reference(
    density: Density, *, seed: int, told: Callable[[Step], object]
) -> EvidenceReference:
    """Gather evidence, from cheap to dear, but for a run of NUTS.

    Parameters
    ----------
    density : Density
        Of the program with all its data.
    seed : int
        Decides all randomness.
    told : callable
        Hears of each step.

    Returns
    -------
    EvidenceReference
    """
    cascade = Cascade(density, seed=seed, told=told)
    with np.errstate(all="ignore"):  # what is not finite is judged; a user is told no warning
        cascade.run()
    answer = cascade.answer
    if answer is None or not answer.is_good:
        last = answer.judgement if answer else cascade.steps[-1].judgement
        return EvidenceReference(draws=None, title="evidence", problems=last.reason)
    step = _repetitions(answer.points)
    kept = replace(answer, points=answer.points[:, ::step], log_p=answer.log_p[:, ::step])
    posterior = points_tree(density, kept, seed=seed)["posterior"].to_dataset()
    draws = Given(
        title=answer.title,
        method=given_method(answer.title, DrawKind.CHAINS),
        draw_kind=DrawKind.CHAINS,
        variables={name: of.to_numpy() for name, of in stan_variables(posterior).items()},
        seed=seed,
    )
    return EvidenceReference(draws=draws, title=f"{answer.title}, {answer.verdict}", problems="")


def _repetitions(points: FloatArray) -> int:
    """Return how often, about, the same draw stands among independent ones that were resampled."""
    n_chains, n_draws = points.shape[:2]
    if n_chains > 1:
        return 1
    _, counts = np.unique(points[0], axis=0, return_counts=True)
    each = int(np.sum(counts**2)) // int(n_draws)
    return max(1, each)


def reference_draws(provisional: EvidenceReference, draws: Given | None) -> ReferenceDraws:
    """Return what fits are measured against.

    Parameters
    ----------
    provisional : EvidenceReference
    draws : Given or None
        Its draws, reduced to what is judged.

    Returns
    -------
    ReferenceDraws
    """
    variables = draws.variables if draws else {}
    names = tuple(dict.fromkeys(map(variable_of, variables)))
    program = Program(name=provisional.title, file=Path(), parameters=names)
    return ReferenceDraws(
        title=provisional.title,
        quantities=quantities(variables, program),
        problems=(provisional.problems,) if provisional.problems else (),
        caveat=provisional.caveat,
    )

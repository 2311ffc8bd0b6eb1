"""Draws to compare with where no reference is given: those that the evidence lets be trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.evidence.checks import NOT_EXCLUDED
from harness.evidence.fitting import points_tree
from harness.evidence.provisional import gather
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
    found = gather(density, seed=seed, told=told)
    answer = found.answer
    if answer is None:
        return EvidenceReference(draws=None, title="evidence", problems=found.reason)
    posterior = points_tree(density, answer, seed=seed)["posterior"].to_dataset()
    draws = Given(
        title=answer.title,
        method=given_method(answer.title, DrawKind.CHAINS),
        draw_kind=DrawKind.CHAINS,
        variables={name: of.to_numpy() for name, of in stan_variables(posterior).items()},
        seed=seed,
    )
    return EvidenceReference(draws=draws, title=f"{answer.title}, {found.verdict}", problems="")


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

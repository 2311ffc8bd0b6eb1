"""The reference of a data set as what its fits are measured against."""

from dataclasses import dataclass
from functools import partial

from harness.errors import StoreError
from harness.evidence.checks import NOT_EXCLUDED
from harness.evidence.method import Evidence
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind
from harness.fits.quantities import Quantities, posterior_arrays, quantities
from harness.program.compilation import CompiledProgram
from harness.store import content_digest
from harness.study.study import Run
from harness.summary.against import Against
from harness.summary.free_scale import judged_elements
from harness.summary.kept import program_identity
from harness.summary.measurement import Measurement
from harness.summary.mixing import limit_of
from harness.summary.reference import (
    ReferenceDraws,
    diagnosed_problems,
    quantities_digest,
    sampler_problems,
)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What the fits of a data set are measured against.

    Attributes
    ----------
    against : Against or None
        The draws of a reference that passed its checks.
    identity : tuple or None
        What decides the draws, of types that JSON has; None if that is not known.
    key : str
        Of a reference that is a run: its fit's key.
    program : CompiledProgram or None
        Of a reference that is a run.
    problems : str
        Why a reference is none.
    caveat : str
        What sentences have to add.
    """

    against: Against | None = None
    identity: tuple[object, ...] | None = ()
    key: str = ""
    program: CompiledProgram | None = None
    problems: str = ""
    caveat: str = ""


NO_FIT = Judge(problems="its run failed")


def judge_of_run(item: FittedRun, found: Measurement | StoreError | str | None) -> Judge:
    """Check a run that is a reference, by what was measured of it."""
    if not isinstance(found, Measurement):
        return NO_FIT if found is None else Judge(problems=str(found))
    problems = list(sampler_problems(item.fit))
    if item.fit.draw_kind is not DrawKind.CHAINS:
        problems.append("its draws are not Markov chains, so they cannot be checked")
    else:
        varying = [each for each in found.judged if not (each.is_constant or each.undefined)]
        problems += diagnosed_problems(
            {each.name: each.moments.r_hat for each in varying},
            {each.name: each.moments.ess_bulk for each in varying},
            {each.name: each.moments.ess_tail for each in varying},
            r_hat_limit=limit_of(item.fit, found.judged),
        )
    if problems:
        return Judge(problems="; ".join(problems))
    digest = content_digest(item.fit)
    return Judge(
        against=Against(
            lambda: ReferenceDraws(title=item.run.label, quantities=named_of(item), problems=()),
            elements=partial(judged_elements, item),
        ),
        identity=(digest, *program_identity(item.program.program)) if digest else None,
        key=item.key,
        program=item.program,
        caveat=left_open(item.run),
    )


def left_open(run: Run) -> str:
    """Return what sentences must add where a run is the reference by its evidence alone."""
    if not isinstance(run.method, Evidence):
        return ""
    return f"the reference is trusted by its evidence, and {NOT_EXCLUDED}"


def judge_of_file(draws: ReferenceDraws) -> Judge:
    """Take reference draws of a file, which have been checked."""
    if draws.problems:
        return Judge(problems="; ".join(draws.problems))
    return Judge(
        against=Against(lambda: draws),
        identity=("file", quantities_digest(draws.quantities)),
        caveat=draws.caveat,
    )


def named_of(item: FittedRun) -> Quantities:
    """Name the quantities of a fit."""
    program = item.program.program
    return quantities(posterior_arrays(item.fit, program), program)

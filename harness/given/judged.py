"""The study that judges draws: each fit a run that has been made, and the reference one too."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy

from harness.execution.run import FittedRun
from harness.fits.fit import Fit, Status
from harness.fits.posterior import posterior_group, variable_of
from harness.given.given import Given
from harness.given.matching import Matched
from harness.given.problem import NO_PROGRAM, KnownProgram
from harness.messages.clauses import plain_name
from harness.methods import DEFAULT_VARIANT
from harness.program.compilation import CompiledProgram
from harness.program.program import Program
from harness.study.comparison import DATASET, REFERENCE
from harness.study.study import ReferenceSource, Run, Study

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: The name of a program that nobody has named.
_UNNAMED = "program"


def judged_study(
    matched: Matched, *, known: KnownProgram = NO_PROGRAM, provisional: str = ""
) -> tuple[Study, list[FittedRun]]:
    """Return the study whose runs are fits that were given.

    Parameters
    ----------
    matched : Matched
        Fits and reference.
    known : KnownProgram
        What is known of the program of all draws.
    provisional : str
        Of a reference that is no fit that was given, what tables call it.

    Returns
    -------
    tuple
        The study, and its runs with their fits, the reference first.
    """
    own = matched if not provisional else replace(matched, reference=None)
    runs = list(_runs(own, known.name))
    fitted = [_fitted(run, given, known) for run, given in runs]
    reference: dict[str, ReferenceSource] = {}
    if own.reference is not None:
        reference[DATASET] = ReferenceSource(run=runs[0][0])
    elif provisional:
        reference[DATASET] = ReferenceSource(title=provisional)
    name = runs[-1][0].program
    digest = hashlib.sha256("\n".join(matched.notes + tuple(_titles(matched))).encode())
    study = Study(
        name=name,
        title=f"{name}: may these draws be trusted?",
        description="Draws that were given. " + " ".join(map(_sentence, matched.notes)),
        datasets={DATASET: known.dataset},
        programs={item.run.program: item.program.program for item in fitted},
        runs=tuple(item.run for item in fitted),
        references=reference,
        published=None,
        digest=digest.hexdigest(),
        made_by="judge",
    )
    return study, fitted


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _titles(matched: Matched) -> Iterator[str]:
    for given in (*([matched.reference] if matched.reference else []), *matched.fits):
        yield given.title


def _runs(matched: Matched, program: str) -> Iterator[tuple[Run, Given]]:
    """Plan the runs; fits with one method and its options are replicates."""
    if matched.reference is not None:
        is_named = matched.reference.method.name != REFERENCE
        variant = REFERENCE if is_named else DEFAULT_VARIANT
        reference = replace(matched.reference, variant=variant)
        yield _run(reference, program, replicate=1), reference
    seen: Counter[tuple[str, str, str]] = Counter()
    for fit in _told_apart(matched.fits):
        key = (fit.program, fit.method.name, fit.variant)
        seen[key] += 1
        yield _run(fit, program, replicate=seen[key]), fit


def _told_apart(fits: Sequence[Given]) -> Iterator[Given]:
    """Give fits with variants that are not the reference's."""
    for fit in fits:
        yield replace(fit, variant=f"{REFERENCE} given") if fit.variant == REFERENCE else fit


def _run(given: Given, program: str, *, replicate: int) -> Run:
    return Run(
        dataset=DATASET,
        program=program or plain_name(given.program or _UNNAMED),
        method=given.method,
        variant=given.variant,
        replicate=replicate,
        seed=given.seed,
    )


def _fitted(run: Run, given: Given, known: KnownProgram) -> FittedRun:
    """Put draws where a method puts them."""
    groups = {"posterior": posterior_group(given.variables), **given.groups}
    fit = Fit(
        status=Status.OK,
        draws=xr.DataTree.from_dict(groups),
        draw_kind=given.draw_kind,
        diagnostics=given.diagnostics,
        fit_time_s=given.fit_time_s,
        warnings=given.notes,
    )
    names = tuple(dict.fromkeys(map(variable_of, given.variables)))
    program = Program(name=run.program, file=Path(f"{run.program}.stan"), parameters=names)
    compiled = CompiledProgram(
        program=program,
        executable=known.problem.program.executable if known.problem else Path(),
        digest=known.problem.program.digest if known.problem else "",
        compile_time_s=float("nan"),
        stan_version=given.stan_version,
        parameters=known.parameters or given.parameters,
    )
    return FittedRun(run=run, fit=fit, program=compiled, key="", from_store=True)

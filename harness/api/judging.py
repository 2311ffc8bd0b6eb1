"""Draws that exist already, judged for a Python program, a notebook or the command line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.api.arguments import check_progress, data_of, names_of
from harness.api.fit_result import step_line
from harness.api.options import SayLine
from harness.api.programs import program_file
from harness.api.result import StudyResult, make_result
from harness.errors import DrawsError
from harness.fits.fit import DrawKind
from harness.given.drift import check_drift
from harness.given.evaluating import check_parameters, evaluated
from harness.given.given import Given
from harness.given.judged import judged_study
from harness.given.matching import Matched, match
from harness.given.mode_gap import with_mode_gap
from harness.given.problem import NO_PROGRAM, KnownProgram, known_program
from harness.given.provisional import EvidenceReference, provisional_reference, reference_draws
from harness.given.read import read_given
from harness.methods import Problem
from harness.methods.density import open_density
from harness.study.comparison import DATASET
from harness.study.study import derive_seed

_NOTHING_TO_COMPARE = (
    "errors of independent draws are not known: give reference draws, or model and data"
)


def judge(
    fit: object,
    *,
    reference: object = None,
    model: str | Path | None = None,
    data: str | Path | Mapping[str, Any] | None = None,
    variables: Iterable[str] = (),
    kind: Literal["chains", "independent"] | None = None,
    progress: SayLine | None = None,
) -> StudyResult:
    """Judge draws that exist already.

    Nothing is fitted.  With a reference, the verdicts are those of :func:`compare`; without one,
    chains are judged by their own diagnostics, and the errors of an approximation are unknown.

    Parameters
    ----------
    fit : str, Path, fit of cmdstanpy, DataTree, Dataset, dict or list
        The draws: CmdStan's CSV files of any method, netCDF of ArviZ, posteriordb's JSON; a
        ``CmdStanMCMC``, ``CmdStanVB``, ``CmdStanPathfinder`` or ``CmdStanLaplace``; a tree with
        the group ``posterior``; arrays of shape (chain, draw, ...) by name.  A list of these, or
        a dict of these by title, is several fits, but files of the sampler are chains of one.
    reference : same as `fit`, optional
        Long Markov chains of the same posterior, matched by the names of variables and elements.
    model, data : str, Path or Mapping, optional
        The program and its data, as for :func:`compare`.  The program tells which variables are
        parameters.  With its data the posterior is evaluated at the draws and, without a
        reference, evidence is gathered as :func:`fit` does: draws that it lets be trusted are
        what fits are compared with.
    variables : iterable of str
        What is judged; by default all that fit and reference have, or, if the program is given,
        its parameters and transformed parameters.
    kind : str, optional
        Whether draws are Markov ``"chains"`` or ``"independent"``, where nothing in them tells.
    progress : callable, optional
        Told a line of each thing that a reader has to know.

    Returns
    -------
    StudyResult

    Raises
    ------
    HarnessError
        If something cannot be read, or is of another program than the reference.

    See Also
    --------
    compare : Fits first.

    Examples
    --------
    >>> import harness, numpy
    >>> rng = numpy.random.default_rng(1)
    >>> chains = {"mu": rng.standard_normal((4, 1000))}
    >>> result = harness.judge({"mine": {"mu": rng.standard_normal((4, 1000))}}, reference=chains)
    >>> result.verdicts["mu"].to_dict()
    {'reference': 'trust', 'mine': 'trust'}
    """
    check_progress(progress)
    say = progress or _ignore
    wanted = names_of(variables, "variables")
    if model is None and data is not None:
        raise DrawsError("data are given without model; give the program that they belong to")
    kinds = [None, *map(str, DrawKind)]
    if kind not in kinds:
        raise DrawsError(f"kind is '{kind}'; it must be {' or '.join(filter(None, kinds))}")
    fits = read_given(fit, role="fit", kind=DrawKind(kind) if kind else None)
    chains, evidence, known = _reference(reference), None, NO_PROGRAM
    if model is not None:
        where = None if data is None else data_of(data)
        known = known_program(program_file(model), where, variables=wanted)
        known = _compiled(known, fits, chains, wanted)
    if known.problem is not None:
        fits, evidence = _evaluated(fits, chains, known.problem, say=say)
        chains = chains or (evidence.draws if evidence else None)
    elif chains is None and any(item.draw_kind is DrawKind.INDEPENDENT for item in fits):
        say(_NOTHING_TO_COMPARE)
    matched = match(fits, chains, wanted=wanted, known=known.variables)
    _tell(matched, say)
    study, fitted = judged_study(
        matched, known=known, provisional=evidence.title if evidence else ""
    )
    references = {DATASET: reference_draws(evidence, matched.reference)} if evidence else {}
    return make_result(study, fitted, references=references)


def _reference(given: object) -> Given | None:
    """Read the reference, which is the chains of one fit."""
    if given is None:
        return None
    found = read_given(given, role="reference", kind=DrawKind.CHAINS)
    if len(found) > 1:
        raise DrawsError(
            f"the reference holds {len(found)} fits, {found[0].title} and {found[1].title} "
            "among them; give the chains of one"
        )
    return found[0]


def _compiled(
    known: KnownProgram, fits: list[Given], chains: Given | None, wanted: tuple[str, ...]
) -> KnownProgram:
    """Compile a program whose data are known, after refusing draws that are none of its."""
    if known.study is None:
        return known
    for item in fits:
        check_parameters(item, known.parameters, program=known.name)
    match(fits, chains, wanted=wanted, known=known.variables)
    return known.compiled()


def _evaluated(
    fits: list[Given], chains: Given | None, problem: Problem, *, say: SayLine
) -> tuple[list[Given], EvidenceReference | None]:
    """Evaluate the posterior at the draws of each fit, and gather evidence in a reference's place.

    Both need the process of the density, which reads the data once.
    """
    name = problem.program.program.name
    with open_density(problem) as density:
        fits = [evaluated(fit, density, program=name) for fit in fits]
        has_scores = not problem.program.has_unit_vectors
        if has_scores:
            fits = [with_mode_gap(fit, density) for fit in fits]
        if chains is not None:
            evaluated(chains, density, program=name)  # refuses those of other data
            if has_scores:
                check_drift(chains, density, program=name)
            return fits, None
        # not the seed of the draws, which `harness fit` may have made: they would be compared
        # with themselves
        seed = derive_seed(fits[0].seed, "evidence on given draws")
        found = provisional_reference(density, seed=seed, told=lambda step: say(step_line(step)))
        for fit in fits if has_scores and found.draws is None else ():
            check_drift(fit, density, program=name)  # nothing else compares it with the posterior
    return fits, found


def _tell(matched: Matched, say: SayLine) -> None:
    """Say what a reader has to know."""
    for item in (*matched.fits, *([matched.reference] if matched.reference else [])):
        for note in item.notes:
            say(f"{item.title}: {note}")
    for note in matched.notes:
        say(note)


def _ignore(line: str) -> None:
    """Tell nobody."""

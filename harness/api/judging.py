"""Draws that exist already, judged for a Python program, a notebook or the command line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.api.options import SayLine
from harness.api.programs import program_file
from harness.api.result import StudyResult, make_result
from harness.errors import DrawsError
from harness.fits.fit import DrawKind
from harness.given.evaluating import evaluated
from harness.given.given import Given
from harness.given.judged import judged_study
from harness.given.matching import match
from harness.given.problem import given_problem
from harness.given.read import read_given
from harness.methods import Problem
from harness.methods.density import open_density


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
        The program and its data, both or neither, as for :func:`compare`: the posterior is then
        evaluated at the draws.
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
    say = progress or _ignore
    wanted = tuple(variables)
    if (model is None) != (data is None):
        given, other = ("model", "data") if data is None else ("data", "model")
        raise DrawsError(f"{given} is given without {other}; give both, or neither")
    fits = read_given(fit, role="fit", kind=DrawKind(kind) if kind else None)
    known = _reference(reference)
    problem = None
    if model is not None and data is not None:
        where = data if isinstance(data, Mapping) else Path(data)
        problem = given_problem(program_file(model), where, variables=wanted)
        fits = _evaluated(fits, problem)
    names = problem.program.program.parameters if problem else ()
    matched = match(fits, known, wanted=wanted, known=names)
    for item in (*matched.fits, *([matched.reference] if matched.reference else [])):
        for note in item.notes:
            say(f"{item.title}: {note}")
    for note in matched.notes:
        say(note)
    study, fitted = judged_study(matched, problem=problem)
    return make_result(study, fitted, references={})


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


def _evaluated(fits: list[Given], problem: Problem) -> list[Given]:
    """Evaluate the posterior at the draws of each fit."""
    with open_density(problem) as density:
        return [evaluated(fit, density, program=problem.program.program.name) for fit in fits]


def _ignore(line: str) -> None:
    """Tell nobody."""

"""Draws that exist already, judged for a Python program, a notebook or the command line."""

from collections.abc import Iterable
from typing import Literal

from harness.api.options import SayLine
from harness.api.result import StudyResult, make_result
from harness.errors import DrawsError
from harness.fits.fit import DrawKind
from harness.given.judged import judged_study
from harness.given.matching import match
from harness.given.read import read_given


def judge(
    fit: object,
    *,
    reference: object = None,
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
    variables : iterable of str
        What is judged; by default all that fit and reference have.
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
    asked = DrawKind(kind) if kind else None
    fits = read_given(fit, role="fit", kind=asked)
    references = (
        [] if reference is None else read_given(reference, role="reference", kind=DrawKind.CHAINS)
    )
    if len(references) > 1:
        raise DrawsError(
            f"the reference holds {len(references)} fits, {references[0].title} and "
            f"{references[1].title} among them; give the chains of one"
        )
    matched = match(fits, references[0] if references else None, wanted=tuple(variables))
    for item in (*matched.fits, *([matched.reference] if matched.reference else [])):
        for note in item.notes:
            say(f"{item.title}: {note}")
    for note in matched.notes:
        say(note)
    study, fitted = judged_study(matched)
    return make_result(study, fitted, references={})


def _ignore(line: str) -> None:
    """Tell nobody."""

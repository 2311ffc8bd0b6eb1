"""Which rows a program has with its data: found, proved to add up, and chosen."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from harness.cmdstan import ensure_cmdstan
from harness.errors import ProgramError
from harness.messages.clauses import did_you_mean
from harness.program.additivity import prove
from harness.program.axes import ProgramAxis
from harness.program.compilation import compile_program
from harness.program.log_density import Density
from harness.program.program import Program
from harness.program.program_axes import find_program_axes


@dataclass(frozen=True, kw_only=True)
class RowAxis:
    """An integer of a program's data that could count its rows.

    Attributes
    ----------
    name : str
    size : int
        Its value in the data.
    variables : tuple of str
        The data along it.
    adds_up : bool
        Whether the log likelihoods of its rows are proved to add up.
    reason : str
        Why not; empty if they do.
    summaries : tuple of str
        Transformed data that are computed from all its rows.
    number : int or None
        Which of the executable's axes it is; None if its rows cannot be gathered.
    """

    name: str
    size: int
    variables: tuple[str, ...]
    adds_up: bool
    reason: str = ""
    summaries: tuple[str, ...] = ()
    number: int | None = None


def find_rows(program: Program, data: Mapping[str, Any], *, seed: int = 1) -> tuple[RowAxis, ...]:
    """Find the axes of a program, and prove or refuse each on the program itself.

    Parameters
    ----------
    program : Program
    data : Mapping
        Its data.
    seed : int
        Decides at which points and on which rows.

    Returns
    -------
    tuple of RowAxis
        In the program's order.

    Raises
    ------
    HarnessError
        If the program does not compile or does not take the data.
    """

    @contextmanager
    def opened() -> Iterator[Density]:
        executable = compile_program(program).executable
        with Density(executable, data, name=program.name) as density:
            yield density

    return prove_rows(program, data, opened, seed=seed)


def prove_rows(
    program: Program,
    data: Mapping[str, Any],
    opened: Callable[[], AbstractContextManager[Density]],
    *,
    seed: int = 1,
) -> tuple[RowAxis, ...]:
    """Find the axes of a program, and prove or refuse each on a density that can be opened.

    Parameters
    ----------
    program : Program
    data : Mapping
        Its data.
    opened : callable
        Opens the program's density with these data; called if any axis can be gathered.
    seed : int
        Decides at which points and on which rows.

    Returns
    -------
    tuple of RowAxis
        In the program's order.
    """
    found = find_program_axes(ensure_cmdstan().path / "bin" / "stanc", program)
    usable = [axis for axis in found if not axis.refusal]
    proved: dict[str, str] = {}
    if usable:
        with opened() as density:
            proved = {axis.name: prove(density, axis, seed=seed).reason for axis in usable}
    numbers = {axis.name: number for number, axis in enumerate(usable)}
    return tuple(
        replace(_report(axis, data, proved), number=numbers.get(axis.name)) for axis in found
    )


def n_candidate_rows(program: Program, data: Mapping[str, Any]) -> int | None:
    """Return how many rows a program seems to have, before it is compiled.

    Parameters
    ----------
    program : Program
    data : Mapping
        Its data.

    Returns
    -------
    int or None
        The size of the largest axis that could be proved; None if there is none.
    """
    found = find_program_axes(ensure_cmdstan().path / "bin" / "stanc", program)
    sizes = (data.get(axis.name, 0) for axis in found if not axis.refusal)
    return max((size for size in sizes if isinstance(size, int)), default=None)


def _report(axis: ProgramAxis, data: Mapping[str, Any], proved: Mapping[str, str]) -> RowAxis:
    reason = axis.refusal or proved[axis.name]
    return RowAxis(
        name=axis.name,
        size=int(data.get(axis.name, 0)),
        variables=axis.data_names,
        adds_up=not reason,
        reason=reason,
        summaries=axis.summaries,
    )


def choose_axis(axes: Iterable[RowAxis], name: str | None = None) -> RowAxis:
    """Return the axis whose rows are to be taken: the largest that adds up, or the one named.

    Parameters
    ----------
    axes : iterable of RowAxis
        What :func:`find_rows` found.
    name : str, optional
        The one that is wanted.

    Returns
    -------
    RowAxis

    Raises
    ------
    ProgramError
        If there is none, or the one named does not add up.
    """
    known = {axis.name: axis for axis in axes}
    if name is not None:
        if name not in known:
            raise ProgramError(f"the program has no axis '{name}'{did_you_mean(name, known)}")
        if not known[name].adds_up:
            raise ProgramError(f"the rows of axis '{name}' do not add up: {known[name].reason}")
        return known[name]
    usable = [axis for axis in known.values() if axis.adds_up]
    if not usable:
        why = "; ".join(f"{axis.name}: {axis.reason}" for axis in known.values())
        raise ProgramError(
            f"the program has no rows that add up ({why or 'no integer of its data sizes data'}); "
            "a method that takes all rows can fit it"
        )
    return max(usable, key=lambda axis: axis.size)

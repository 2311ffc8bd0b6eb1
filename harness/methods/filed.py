"""The density of a problem whose rows lie in files, and the proof that they may."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.methods.base import Problem
from harness.methods.cmdstan_run import run_folder
from harness.methods.proofs import kept_axes
from harness.program.additivity import TOLERANCE
from harness.program.filed_rows import some_rows, write_manifest
from harness.program.log_density import NO_ROWS, Density, LogDensity, RowBlocks
from harness.program.points import random_points
from harness.program.rows import RowAxis, prove_rows

#: Rows that a program is first constructed with.
_N_FIRST = 1000
#: The proof is about so many random rows in memory.
_N_PROVED = 20_000

type Rows = npt.NDArray[np.intp]
type Opened = Callable[[Problem], AbstractContextManager[Density]]


@contextmanager
def files_density(
    problem: Problem, axis: RowAxis, *, threads: int = 1, first: Rows | None = None
) -> Iterator[Density]:
    """Give the density of a problem whose rows lie in files.

    Parameters
    ----------
    problem : Problem
        Of all rows.
    axis : RowAxis
        What counts them.
    threads : int
        See :func:`harness.methods.density.open_density`.
    first : ndarray of int, optional
        The rows that the program is constructed with before it sees any other.

    Yields
    ------
    Density
    """
    dataset, program = problem.dataset, problem.program.program
    stand_in = dataset.at_rows(
        some_rows(dataset.n_filed_rows, _N_FIRST) if first is None else first
    )
    with run_folder(program.data_of(stand_in)) as (data_file, folder):
        manifest = folder / "rows_files.txt"
        write_manifest(manifest, dataset, axis.number or 0)
        with Density(
            problem.program.executable,
            data_file,
            name=program.name,
            threads=threads,
            rows_files=manifest,
        ) as density:
            yield density


def files_axes(problem: Problem, opened: Opened) -> tuple[RowAxis, ...]:
    """Return what is known of the axes of a problem whose rows lie in files; see `prove_files`."""
    return kept_axes(problem, lambda: prove_files(problem, opened))


def prove_files(problem: Problem, opened: Opened, *, seed: int = 1) -> tuple[RowAxis, ...]:
    """Prove that rows in files add up, on random ones in memory.

    That they add up there is not enough: a program is constructed from the rows that it is looking
    at, so that nothing it computes beforehand may tell these rows from all.

    Parameters
    ----------
    problem : Problem
        Of all rows.
    opened : callable
        Opens the density of a problem in memory.
    seed : int
        Decides which rows, and at which points.

    Returns
    -------
    tuple of RowAxis
        In the program's order.
    """
    dataset, program = problem.dataset, problem.program.program
    rng = np.random.default_rng([seed, 16])
    n_rows = dataset.n_filed_rows
    rows = np.sort(rng.choice(n_rows, size=min(n_rows, _N_PROVED), replace=False))
    memory = replace(problem, dataset=dataset.at_rows(rows))
    found = []
    for axis in prove_rows(program, memory.stan_data(), lambda: opened(memory), seed=seed):
        if axis.name == dataset.counted_by:
            with opened(memory) as whole:
                reason = axis.reason or _difference(problem, axis, whole, rows, rng)
            found.append(replace(axis, size=n_rows, adds_up=not reason, reason=reason))
        else:
            reason = axis.reason or "its rows are not those in files"
            found.append(replace(axis, adds_up=False, reason=reason))
    return tuple(found)


def _difference(
    problem: Problem, axis: RowAxis, whole: Density, rows: Rows, rng: np.random.Generator
) -> str:
    """Say by how much a program differs that sees some rows in files; empty if it does not."""
    points = random_points(whole, rng)
    n_rows = problem.dataset.n_filed_rows
    others = np.sort(rng.choice(n_rows, size=max(1, min(n_rows, 700)), replace=False))
    halves = [np.sort(half) for half in np.array_split(rng.permutation(rows), 2)]
    nothing = np.empty(0, dtype=np.intp)
    with files_density(problem, axis, first=others) as filed:
        with RowBlocks(filed, axis.name, [rows, *halves]) as blocks:
            found, none = blocks.gradient(points), blocks.gradient(points, [NO_ROWS])
        with RowBlocks(whole, axis.name, [nothing]) as blocks:
            theirs = blocks.gradient(points)
        names = [density.variable_names(transformed=True) for density in (filed, whole)]
        values = [density.constrain(points, transformed=True) for density in (filed, whole)]
    wanted = whole.gradient(points)
    gap = max(
        _gap(_at(found, 0), wanted),
        _gap(_at(none, 0), _at(theirs, 0)),
        _gap(_plus(_at(found, 1), _at(found, 2)), _plus(_at(found, 0), _at(none, 0))),
    )
    if gap > TOLERANCE:
        summaries = f" ({', '.join(axis.summaries)})" if axis.summaries else ""
        return (
            f"its transformed data summarise all rows{summaries}: of parts of the files they are "
            f"others, by which the density differs by {gap:.2g} of its size; give them as data"
        )
    columns = [names[1].index(name) for name in names[0]]
    if not np.allclose(values[0], values[1][:, columns], rtol=1e-10, equal_nan=True):
        return "its transformed parameters are computed from rows, which lie in files"
    return ""


def _at(found: LogDensity, i: int) -> LogDensity:
    return LogDensity(found.value[i], found.gradient[i])


def _plus(one: LogDensity, other: LogDensity) -> LogDensity:
    return LogDensity(one.value + other.value, one.gradient + other.gradient)


def _gap(found: LogDensity, wanted: LogDensity) -> float:
    """Return the largest difference, relative to the size of what is compared; of NaN infinity."""

    def largest(ours: FloatArray, theirs: FloatArray) -> float:
        gaps = np.abs(ours - theirs) / (1 + np.abs(theirs).max(initial=0.0))
        return float(np.where(np.isnan(gaps), np.inf, gaps).max(initial=0.0))

    return max(largest(found.value, wanted.value), largest(found.gradient, wanted.gradient))

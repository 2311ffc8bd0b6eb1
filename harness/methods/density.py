"""The density of a problem: its program with all that its data say, at any points."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import DensityError, ProgramError
from harness.methods.base import Problem
from harness.methods.cmdstan_run import run_folder
from harness.methods.filed import files_axes, files_density
from harness.program.log_density import Density
from harness.program.rows import choose_axis


@contextmanager
def open_density(problem: Problem, *, threads: int = 1) -> Iterator[Density]:
    """Give the density of a problem, by the executable that fits it.

    Parameters
    ----------
    problem : Problem
        The program and its data, which count with weight 1.
    threads : int
        Evaluates so many points at once, where the program is compiled with ``STAN_THREADS``.

    Yields
    ------
    Density

    Raises
    ------
    DensityError
        If the program refuses the data, or rows in files are not proved to add up.
    """
    if problem.dataset.files and problem.part is None:
        try:
            axis = choose_axis(files_axes(problem, open_density), problem.dataset.counted_by)
        except ProgramError as error:
            raise DensityError(str(error)) from error
        with files_density(problem, axis, threads=threads) as density:
            yield density
        return
    program = problem.program
    # the folder lasts as long as the density: a program may read rows from a file there
    with (
        run_folder(problem.stan_data()) as (data_file, _),
        Density(
            program.executable, data_file, name=program.program.name, threads=threads
        ) as density,
    ):
        yield density

"""The density of a problem: its program with all that its data say, at any points."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.methods.base import Problem
from harness.methods.cmdstan_run import run_folder
from harness.program.log_density import Density


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
        If the program refuses the data.
    """
    program = problem.program
    # the folder lasts as long as the density: a program may read rows from a file there
    with (
        run_folder(problem.stan_data()) as (data_file, _),
        Density(
            program.executable, data_file, name=program.program.name, threads=threads
        ) as density,
    ):
        yield density

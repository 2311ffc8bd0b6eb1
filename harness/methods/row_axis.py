"""The rows of a problem: an axis that is proved to add up, and proved once."""

from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.filed import files_axes
from harness.methods.proofs import kept_axes
from harness.program.rows import RowAxis, choose_axis, prove_rows


def row_axis(problem: Problem, name: str | None = None) -> RowAxis:
    """Return the axis whose rows can be taken: the largest that adds up, or the one named.

    The proof is kept in the cache folder, under a digest of the program and its data.

    Parameters
    ----------
    problem : Problem
        The program and its data.
    name : str, optional
        The axis that is wanted.

    Returns
    -------
    RowAxis

    Raises
    ------
    ProgramError
        If there is none, or the one named does not add up; the message has the reason.
    DensityError
        If the program refuses the data.
    """
    return choose_axis(_axes_of(problem), name)


def _axes_of(problem: Problem) -> tuple[RowAxis, ...]:
    """Return what is known of all axes."""
    if problem.dataset.files:
        return files_axes(problem, open_density)
    program = problem.program.program
    return kept_axes(
        problem, lambda: prove_rows(program, problem.stan_data(), lambda: open_density(problem))
    )

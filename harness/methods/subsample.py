"""A weighted subsample of the rows, for any method."""

import dataclasses

import numpy as np

from harness.data.dataset import Dataset
from harness.data.subsample import draw_subsample
from harness.errors import SubsampleError
from harness.methods.base import Problem, ProblemPart
from harness.methods.row_axis import row_axis
from harness.methods.weight_check import check_weights
from harness.program.program import Program

#: Keeps the generator that draws rows apart from the one that seeds CmdStan.
_ROWS_STREAM = 1


def check_subsample(
    method: str, dataset: Dataset, program: Program, *, m: int, rows: str | None
) -> None:
    """Refuse more rows than there are, where that is known before a program is compiled.

    Parameters
    ----------
    method : str
        Its name.
    dataset, program : Dataset, Program
        What it is to fit.
    m : int
        Rows of the subsample.
    rows : str or None
        The axis whose rows they are.

    Raises
    ------
    SubsampleError
        If there are fewer rows.
    """
    n_rows = program.n_rows_of(dataset)
    if rows is None and n_rows is not None and m > n_rows:
        raise SubsampleError(
            f"method '{method}' needs m = {m} rows of data set '{dataset.name}', which has "
            f"N = {n_rows}; m must not exceed N"
        )


def take_rows(problem: Problem, *, m: int, weighted: bool, rows: str | None, seed: int) -> Problem:
    """Draw rows without replacement, and return the posterior of them.

    The rows are those of the axis that is named or that the contract names, or else of the largest
    that is proved to add up.  A program whose contract says which data weight its likelihood gets
    no other rows and their weight.

    Parameters
    ----------
    problem : Problem
        Of all rows.
    m : int
        How many.
    weighted : bool
        Whether their likelihood counts N/m times.
    rows : str or None
        An axis.
    seed : int
        Decides which.

    Returns
    -------
    Problem

    Raises
    ------
    ProgramError
        If the program has no rows that add up.
    FitError
        If its likelihood does not follow its contract, or it refuses its data.
    SubsampleError
        If there are fewer rows.
    """
    contract = problem.program.program.contract
    axis, n_rows = None, problem.n_rows
    weights_itself = (
        contract is not None and contract.likelihood_weight and not problem.dataset.files
    )
    if rows is None and weights_itself and n_rows is not None:
        check_weights(problem, seed=seed)
    else:
        proved = row_axis(problem, rows or (contract.n_rows if contract else None))
        axis, n_rows = proved.number, proved.size
    subsample = draw_subsample(
        n_rows=n_rows,
        m=m,
        weighted=weighted,
        rng=np.random.default_rng([seed, _ROWS_STREAM]),
    )
    return dataclasses.replace(
        problem, part=ProblemPart(subsample=subsample, n_rows=n_rows, axis=axis)
    )

"""The posterior that draws are said to be of: a program with its data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.execution.compiling import compile_all
from harness.methods import Problem
from harness.study.comparison import DATASET, Comparison, comparison_study


def given_problem(
    model: Path, data: Path | Mapping[str, Any], *, variables: tuple[str, ...]
) -> Problem:
    """Compile a program, and check its data.

    Parameters
    ----------
    model : Path
        The ``.stan`` file.
    data : Path or Mapping
        A file in CmdStan's JSON, or numbers, lists and arrays by name.
    variables : tuple of str
        What is judged; parameters and transformed parameters if empty.

    Returns
    -------
    Problem

    Raises
    ------
    HarnessError
        As for a comparison.
    """
    asked = Comparison(model=model, data=data, methods=(), variables=variables)
    study = comparison_study(asked)
    (program,) = compile_all(study.programs).values()
    return Problem(program=program, dataset=study.datasets[DATASET])

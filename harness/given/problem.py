"""The program that draws are said to be of, with its data if these are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset
from harness.execution.compiling import compile_all
from harness.messages.clauses import plain_name
from harness.methods import Problem
from harness.program.program import Program
from harness.program.stanc import describe_program
from harness.study.comparison import DATASET, Comparison, comparison_study


@dataclass(frozen=True, kw_only=True)
class KnownProgram:
    """What is known of a program.

    Attributes
    ----------
    name : str
        What tables call it.
    parameters : tuple of str
        The variables of its ``parameters`` block.
    variables : tuple of str
        What is judged: these and transformed parameters, unless others were asked for.
    problem : Problem or None
        The compiled program with its data; None without data.
    """

    name: str
    parameters: tuple[str, ...]
    variables: tuple[str, ...]
    problem: Problem | None = None

    @property
    def dataset(self) -> Dataset:
        """Its data, none if they are not known."""
        if self.problem is None:
            return Dataset(name=DATASET, variables={})
        return self.problem.dataset


#: What is known of the program of draws that came without one.
NO_PROGRAM = KnownProgram(name="", parameters=(), variables=())


def known_program(
    model: Path, data: Path | Mapping[str, Any] | None, *, variables: tuple[str, ...]
) -> KnownProgram:
    """Ask stanc for a program's variables; with data, check these and compile the program.

    Parameters
    ----------
    model : Path
        The ``.stan`` file.
    data : Path, Mapping or None
        A file in CmdStan's JSON, or numbers, lists and arrays by name.
    variables : tuple of str
        What is judged; parameters and transformed parameters if empty.

    Returns
    -------
    KnownProgram

    Raises
    ------
    HarnessError
        As for a comparison.
    """
    if data is None:
        name = plain_name(model.stem)
        declared = describe_program(Program(name=name, file=model.resolve(), parameters=()))
        own = (*declared.parameters, *declared.transformed_parameters)
        return KnownProgram(name=name, parameters=declared.parameters, variables=variables or own)
    asked = Comparison(model=model, data=data, methods=(), variables=variables)
    study = comparison_study(asked)
    (program,) = compile_all(study.programs).values()
    return KnownProgram(
        name=program.program.name,
        parameters=program.parameters,
        variables=program.program.parameters,
        problem=Problem(program=program, dataset=study.datasets[DATASET]),
    )

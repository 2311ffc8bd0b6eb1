"""The program that draws are said to be of, with its data if these are given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset
from harness.execution.compiling import compile_all
from harness.messages.clauses import plain_name
from harness.methods import Problem
from harness.program.program import Program
from harness.program.stanc import describe_program
from harness.study.comparison import DATASET, Comparison, comparison_study
from harness.study.study import Study


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
    study : Study or None
        The program with its data, checked but not compiled; None without data.
    problem : Problem or None
        Both, compiled; see :meth:`compiled`.
    """

    name: str
    parameters: tuple[str, ...]
    variables: tuple[str, ...]
    study: Study | None = None
    problem: Problem | None = None

    @property
    def dataset(self) -> Dataset:
        """Its data, none if they are not known."""
        if self.problem is None:
            return Dataset(name=DATASET, variables={})
        return self.problem.dataset

    def compiled(self) -> "KnownProgram":
        """Return the same with the program compiled, if its data are known.

        Raises
        ------
        ProgramError
            If it does not compile.
        """
        if self.study is None:
            return self
        (program,) = compile_all(self.study.programs).values()
        problem = Problem(program=program, dataset=self.study.datasets[DATASET])
        return replace(self, problem=problem)


#: What is known of the program of draws that came without one.
NO_PROGRAM = KnownProgram(name="", parameters=(), variables=())


def known_program(
    model: Path, data: Path | Mapping[str, Any] | None, *, variables: tuple[str, ...]
) -> KnownProgram:
    """Ask stanc for a program's variables; with data, check these. Nothing is compiled.

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
    name = plain_name(model.stem)
    declared = describe_program(Program(name=name, file=model.resolve(), parameters=()))
    own = (*declared.parameters, *declared.transformed_parameters)
    study = None
    if data is not None:
        asked = Comparison(model=model, data=data, methods=(), variables=variables)
        study = comparison_study(asked)
    return KnownProgram(
        name=name, parameters=declared.parameters, variables=variables or own, study=study
    )

"""The cheapest draws of a posterior that may be trusted, for a Python program or a notebook."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.api.arguments import check_progress, files_of, plain_data_of, seconds_of, seed_of
from harness.api.fit_result import FitResult, step_line
from harness.api.programs import program_file
from harness.data.dataset import Dataset, with_rows_files
from harness.data.stan_json import read_stan_json
from harness.errors import FitError, MethodError
from harness.evidence.fitting import fit_cheapest
from harness.evidence.steps import Step
from harness.messages.clauses import shown
from harness.methods import Problem
from harness.methods.density import open_density
from harness.program.compilation import CompiledProgram, compile_density
from harness.program.declared_data import check_data, data_title
from harness.program.filed_rows import counted
from harness.program.log_density import Density
from harness.program.program import Program
from harness.program.stanc import describe_program

#: Where a log density takes longer, several processes evaluate it; each holds the data.
_LONG_S = 0.002
_MOST_PROCESSES = 4


def fit(
    model: str | Path,
    data: str | Path | Mapping[str, Any],
    *,
    rows_files: Mapping[str, str | Path] | None = None,
    budget_s: float | None = None,
    seed: int = 1,
    native: bool = False,
    progress: Callable[[str], object] | None = None,
) -> FitResult:
    """Find the cheapest draws of a posterior that may be trusted.

    Laplace's draws with importance weights, proposals adapted to the weighted draws, warm NUTS and
    NUTS are tried in this order, until the evidence lets draws be trusted.  All evidence comes from
    the log density and its gradient; none of it excludes a mode that no start has reached.

    Parameters
    ----------
    model : str or Path
        A ``.stan`` file, or Stan code (a text of several lines).
    data : str, Path or Mapping
        A file in CmdStan's JSON, or numbers, lists and arrays by name.
    rows_files : Mapping, optional
        By name, a ``.npy`` with the rows of variables that the data leave out, too many for memory.
        Then no NUTS is run.
    budget_s : float, optional
        After so many seconds the best draws so far are the result, with their verdict.
    seed : int
        Decides all randomness.
    native : bool
        Whether the program is compiled for this machine's processor, and by stanc's optimiser.
    progress : callable, optional
        Told a line of each step; ``print`` shows them.

    Returns
    -------
    FitResult
        ``draws``, ``verdict``, ``reason`` and ``steps``.

    Raises
    ------
    HarnessError
        If the program does not compile or does not take the data, or nothing gave draws.

    See Also
    --------
    compare : Approximations against a long NUTS run.

    Examples
    --------
    >>> import harness
    >>> result = harness.fit("tests/data/models/ar1.stan", "tests/data/models/ar1.json")
    >>> result.verdict
    'trust (weighted)'
    >>> list(result.draws["posterior"].data_vars)
    ['rho']
    """
    check_progress(progress)
    budget_s, seed = seconds_of(budget_s, "the budget"), seed_of(seed)
    posed = _pose(program_file(model), plain_data_of(data), files_of(rows_files), native=native)

    def told(step: Step) -> None:
        if progress is not None:
            progress(step_line(step))

    with ExitStack() as stack:
        if posed.dataset.files:
            densities = [stack.enter_context(open_density(posed.problem()))]
        else:
            densities = stack.enter_context(_densities(posed))
        found = fit_cheapest(
            densities, posed.problem_of_nuts, seed=seed, budget_s=budget_s, told=told
        )
    return FitResult(model=posed.program.name, seed=seed, found=found)


@dataclass(frozen=True, kw_only=True)
class _Posed:
    """A program whose draws are wanted, compiled, with its data."""

    program: Program
    executable: Path
    parameters: tuple[str, ...]
    data: Path | dict[str, Any]
    dataset: Dataset

    def problem(self) -> Problem:
        """Return the program with its data, as methods take it."""
        compiled = CompiledProgram(
            program=self.program,
            executable=self.executable,
            digest="",
            compile_time_s=0.0,
            stan_version="",
            parameters=self.parameters,
        )
        return Problem(program=compiled, dataset=self.dataset)

    def problem_of_nuts(self) -> Problem:
        """Return the same for NUTS, which reads all rows."""
        if self.dataset.files:
            raise FitError(
                "no draws without NUTS may be trusted, and NUTS reads all rows into memory; give "
                "fewer rows as data, or look at vi_* by 'harness compare --rows-file'"
            )
        return self.problem()


def _pose(
    file: Path,
    data: Path | dict[str, Any],
    rows_files: Mapping[str, Path],
    *,
    native: bool,
) -> _Posed:
    """Check the data, and compile a program for its density."""
    program = Program(name=file.stem, file=file.resolve(), parameters=(), native=native)
    declared = describe_program(program)
    if not declared.parameters:
        raise MethodError(f"program '{shown(file.name)}' has no parameters: there is no posterior")
    variables = read_stan_json(data) if isinstance(data, Path) else data
    whole = Dataset(name="data", variables=variables)
    dataset = counted(with_rows_files(whole, rows_files), program)
    check_data(declared, dataset.variables or {}, model=file.name, title=data_title(data))
    return _Posed(
        program=program,
        executable=compile_density(program),
        parameters=declared.parameters,
        data=data,
        dataset=dataset,
    )


@contextmanager
def _densities(posed: _Posed) -> Iterator[list[Density]]:
    """Open a density, and one more for each further core where an evaluation takes long."""

    def another() -> Density:
        return Density(posed.executable, posed.data, name=posed.program.name)

    with ExitStack() as stack:
        densities = [stack.enter_context(another())]
        point = np.zeros(densities[0].n_parameters)
        begin = time.perf_counter()
        densities[0].log_density(point)
        if time.perf_counter() - begin > _LONG_S:
            n_more = min(os.cpu_count() or 1, _MOST_PROCESSES) - 1
            densities += [stack.enter_context(another()) for _ in range(n_more)]
        yield densities

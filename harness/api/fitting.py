"""The cheapest draws of a posterior that may be trusted, for a Python program or a notebook."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from harness.api.fit_result import FitResult, step_line
from harness.api.programs import program_file
from harness.data.dataset import Dataset, with_rows_files
from harness.data.stan_json import plain_variables, read_stan_json
from harness.errors import FitError, MethodError
from harness.evidence.fitting import fit_cheapest
from harness.evidence.steps import Step
from harness.messages.clauses import shown
from harness.methods import Problem
from harness.methods.density import open_density
from harness.program.compilation import CompiledProgram, compile_density
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
    if budget_s is not None and not budget_s > 0:
        raise MethodError(f"the budget is {budget_s:g} s; give a number above 0")
    file = program_file(model)
    program = Program(name=file.stem, file=file.resolve(), parameters=())
    declared = describe_program(program)
    if not declared.parameters:
        raise MethodError(f"program '{shown(file.name)}' has no parameters: there is no posterior")
    executable = compile_density(program)
    given = plain_variables(data) if isinstance(data, Mapping) else Path(data)

    def problem() -> Problem:
        compiled = CompiledProgram(
            program=program,
            executable=executable,
            digest="",
            compile_time_s=0.0,
            stan_version="",
            parameters=declared.parameters,
        )
        variables = read_stan_json(given) if isinstance(given, Path) else given
        dataset = Dataset(name="data", variables=variables)
        filed = with_rows_files(dataset, {name: Path(f) for name, f in (rows_files or {}).items()})
        return Problem(program=compiled, dataset=counted(filed, program))

    def problem_of_nuts() -> Problem:
        if rows_files:
            raise FitError(
                "no draws without NUTS may be trusted, and NUTS reads all rows into memory; give "
                "fewer rows as data, or look at vi_* by 'harness compare --rows-file'"
            )
        return problem()

    def told(step: Step) -> None:
        if progress is not None:
            progress(step_line(step))

    with ExitStack() as stack:
        if rows_files:
            densities = [stack.enter_context(open_density(problem()))]
        else:
            densities = stack.enter_context(_densities(executable, given, name=file.stem))
        found = fit_cheapest(densities, problem_of_nuts, seed=seed, budget_s=budget_s, told=told)
    return FitResult(model=file.stem, seed=seed, found=found)


@contextmanager
def _densities(
    executable: Path, data: Path | Mapping[str, Any], *, name: str
) -> Iterator[list[Density]]:
    """Open a density, and one more for each further core where an evaluation takes long."""
    with ExitStack() as stack:
        densities = [stack.enter_context(Density(executable, data, name=name))]
        point = np.zeros(densities[0].n_parameters)
        begin = time.perf_counter()
        densities[0].log_density(point)
        if time.perf_counter() - begin > _LONG_S:
            n_more = min(os.cpu_count() or 1, _MOST_PROCESSES) - 1
            densities += [
                stack.enter_context(Density(executable, data, name=name)) for _ in range(n_more)
            ]
        yield densities

"""The density of a program with its data, for a Python program or a notebook."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.api.arguments import plain_data_of, switch_of, whole_number
from harness.api.programs import program_file
from harness.data.stan_json import read_stan_json
from harness.program.compilation import compile_density
from harness.program.declared_data import check_data, data_title
from harness.program.log_density import Density
from harness.program.program import Program
from harness.program.stanc import describe_program


def density(
    model: str | Path,
    data: str | Path | Mapping[str, Any],
    *,
    threads: int = 1,
    exact_curvature: bool = False,
    native: bool = False,
) -> Density:
    """Open the log density of a Stan program with its data.

    It is a function of the unconstrained parameters, with gradients and Hessian-vector products,
    computed by the compiled program in a process of its own; use it in a ``with`` block.

    Parameters
    ----------
    model : str or Path
        A ``.stan`` file, or Stan code (a text of several lines).
    data : str, Path or Mapping
        A file in CmdStan's JSON, or numbers, lists and arrays by name.
    threads : int
        Evaluates so many points at once.
    exact_curvature : bool
        Whether Hessian-vector products are by autodiff, for which the program is compiled for
        itself, in twice the time; else they are differences of gradients.
    native : bool
        Whether the program is compiled for this machine's processor, and by stanc's optimiser.

    Returns
    -------
    Density

    Raises
    ------
    HarnessError
        If the program does not compile or does not take the data.

    Examples
    --------
    >>> import harness
    >>> with harness.density(
    ...     "tests/data/models/ar1.stan", "tests/data/models/ar1.json"
    ... ) as density:
    ...     value, gradient = density.gradient([[0.0], [0.5]])
    >>> value.shape, gradient.shape
    ((2,), (2, 1))
    """
    threads = whole_number(threads, "threads")
    exact_curvature = switch_of(exact_curvature, "exact_curvature")
    file = program_file(model)
    program = Program(name=file.stem, file=file.resolve(), parameters=(), native=native)
    given = plain_data_of(data)
    known = read_stan_json(given) if isinstance(given, Path) else given
    check_data(describe_program(program), known, model=file.name, title=data_title(given))
    return Density(
        compile_density(program, exact_curvature=exact_curvature),
        given,
        name=file.stem,
        threads=threads,
    )

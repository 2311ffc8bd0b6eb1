"""Generated quantities of draws, evaluated apart from the fit.

The executable of a fit has no ``generated quantities`` block, so that an expression which throws
in some draws ends no fit, and its random numbers do not change the sampler's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.fits.posterior import posterior_group
from harness.methods.base import Problem
from harness.methods.cmdstan_run import run_folder, run_method
from harness.methods.draws_file import base_name, has_header, parse_draws_file, real_parts
from harness.program.log_density import Density

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Calls of CmdStan; a draw that cannot be evaluated ends one, and each reads the data again.
_MAX_CALLS = 1000
#: With a larger data file, a tenth as many.
_MUCH_DATA_BYTES = 2**20
#: Keeps the generator of the calls' seeds apart from others of the same run.
_STREAM = 5
#: Variables that a warning names; of more it gives the number.
_MAX_NAMED = 5
_IN_FILES = "generated quantities want all rows in memory, and are left out for rows in files"


@dataclass(frozen=True, kw_only=True, eq=False)
class Variables:
    """Draws by variable.

    Attributes
    ----------
    parts : dict
        See :func:`harness.methods.draws_file.real_parts`.
    warnings : tuple of str
        Which of them have no value in how many draws.
    """

    parts: dict[str, FloatArray]
    warnings: tuple[str, ...]


def variables_of(
    problem: Problem, names: Sequence[str], table: FloatArray, *, seed: int
) -> Variables:
    """Divide draws into variables, and add the generated quantities that a study looks at.

    Parameters
    ----------
    problem : Problem
        The program and its data.
    names : sequence of str
        CmdStan's names of the columns.
    table : ndarray, shape (draw, column)
        The draws.
    seed : int
        The run's; decides the random numbers of the block.

    Returns
    -------
    Variables
        Quantities are NaN in draws that CmdStan cannot evaluate them for.
    """
    parts = real_parts(names, table)
    reason = ""
    if problem.dataset.files and problem.program.quantities_executable is not None:
        return Variables(parts=parts, warnings=(*_undefined(parts, ""), _IN_FILES))
    if problem.program.quantities_executable is not None:
        own = [i for i, name in enumerate(names) if base_name(name) in problem.program.parameters]
        evaluation = _Evaluation(problem, problem.program.quantities_executable)
        evaluation.run([names[i] for i in own], table[:, own], seed=seed)
        found = real_parts(evaluation.columns, evaluation.values)
        generated = problem.program.generated
        parts |= {name: part for name, part in found.items() if base_name(name) in generated}
        reason = evaluation.reason
    return Variables(parts=parts, warnings=tuple(_undefined(parts, reason)))


def chain_posterior(
    problem: Problem, density: Density, points: FloatArray, *, seed: int
) -> "tuple[xr.Dataset, tuple[str, ...]]":
    """Put chains from the unconstrained scale into a posterior group.

    Parameters
    ----------
    problem : Problem
    density : Density
        Of the same program and data.
    points : ndarray, shape (chain, draw, unconstrained)
    seed : int
        Decides what generated quantities draw.

    Returns
    -------
    Dataset
        With transformed parameters, and the generated quantities that a study looks at.
    tuple of str
        What could not be computed.
    """
    shape = points.shape[:2]
    table = density.constrain(points.reshape(-1, points.shape[-1]), transformed=True)
    names = density.variable_names(transformed=True)
    variables = variables_of(problem, names, table, seed=seed)
    parts = {name: part.reshape(*shape, *part.shape[1:]) for name, part in variables.parts.items()}
    return posterior_group(parts), variables.warnings


def _undefined(parts: dict[str, FloatArray], reason: str) -> Iterator[str]:
    """Say which variables lack a value in how many draws."""
    lacking: dict[str, npt.NDArray[np.bool_]] = {}
    for name, values in parts.items():
        missing = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if missing.any():
            variable = base_name(name)
            lacking[variable] = lacking.get(variable, False) | missing
    for variable, missing in list(lacking.items())[:_MAX_NAMED]:
        yield f"{variable} is undefined in {missing.sum()} of {missing.size} draws"
    if len(lacking) > _MAX_NAMED:
        yield f"{len(lacking) - _MAX_NAMED} further variables are undefined in some draws"
    if reason:
        yield f"CmdStan could not evaluate the generated quantities of some draws: {reason}"


class _Evaluation:
    """Calls ``generate_quantities``, and goes on behind a draw that ends it."""

    def __init__(self, problem: Problem, executable: Path) -> None:
        self._problem = problem
        self._executable = executable
        self.columns: tuple[str, ...] = ()
        self.values = np.empty((0, 0))
        self.reason = ""

    def run(self, header: Sequence[str], rows: FloatArray, *, seed: int) -> None:
        """Evaluate the block of each draw."""
        seeds = np.random.default_rng([seed, _STREAM]).integers(1, 2**31, size=_MAX_CALLS)
        lines = [",".join(map(repr, row)) for row in rows.tolist()]
        blocks: list[FloatArray] = []
        n_done = 0
        with run_folder(self._problem.stan_data()) as (data_file, folder):
            much = data_file.stat().st_size > _MUCH_DATA_BYTES
            for own_seed in seeds.tolist()[: _MAX_CALLS // 10 if much else _MAX_CALLS]:
                points = [",".join(header), *lines[n_done:], ""]
                (folder / "draws.csv").write_text("\n".join(points))
                block = self._call(data_file, folder, seed=own_seed)[: len(rows) - n_done]
                blocks.append(block)
                n_done += len(block) + 1  # and the draw that ended it
                if n_done >= len(rows) or not self.columns:
                    break
                blocks.append(np.full((1, len(self.columns)), np.nan))
        self.values = np.full((len(rows), len(self.columns)), np.nan)
        known = np.concatenate(blocks)[: len(rows)]
        self.values[: len(known)] = known

    def _call(self, data_file: Path, folder: Path, *, seed: int) -> FloatArray:
        """Return the quantities of the first draws, up to one that ends CmdStan."""
        output = folder / "quantities.csv"
        output.unlink(missing_ok=True)
        try:
            run_method(
                self._executable,
                *("method=generate_quantities", f"fitted_params={folder / 'draws.csv'}"),
                data_file=data_file,
                output_file=output,
                seed=seed,
            )
        except FitError as error:
            self.reason = self.reason or str(error)
        if not output.is_file() or not has_header(output.read_text()):
            return np.empty((0, len(self.columns)))
        found = parse_draws_file(output.read_text())
        self.columns = found.names
        return found.table

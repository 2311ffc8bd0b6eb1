"""Replicates: true parameters with the data that they gave, drawn by a simulator."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import stanio
from stanio.reshape import Variable

from harness.calibration.asked import Programs
from harness.data.dataset import Dataset, FloatArray
from harness.data.stan_values import Value, value_of
from harness.errors import CalibrationError, FitError
from harness.messages.faults import capped
from harness.methods.cmdstan_run import run_folder, run_method
from harness.methods.draws_file import base_name, parse_draws_file, real_parts
from harness.program.declared_data import data_problem, missing_data

#: Reals that hold whole numbers to the last digit.
_WHOLE = 2**31
#: What Stan says of an exception has its place in the program; the draw then has no values.
_PLACE = "(in '"


@dataclass(frozen=True, kw_only=True, eq=False)
class Replicate:
    """True values and the data that they gave.

    Attributes
    ----------
    number : int
        From 1.
    truth : Mapping
        Of each parameter, or each part of it that is real, its true value.
    dataset : Dataset
        What the model is fitted to.
    """

    number: int
    truth: Mapping[str, FloatArray]
    dataset: Dataset


def replicate_name(number: int) -> str:
    """Return what runs call the data of a replicate."""
    return f"replicate {number}"


def simulate(
    executable: Path, programs: Programs, *, replicates: int, seed: int, weight: str | None
) -> list[Replicate]:
    """Draw replicates.

    The first of them are the same, however many are drawn.

    Parameters
    ----------
    executable : Path
        Of the simulator.
    programs : Programs
        Checked against one another.
    replicates : int
        How many.
    seed : int
        Decides them.
    weight : str or None
        Data of the model that the harness gives.

    Returns
    -------
    list of Replicate

    Raises
    ------
    CalibrationError
        If the simulator fails, a parameter is not finite, or sizes or types are not those that
        the model declares.
    """
    drawn = _drawn(executable, programs, replicates=replicates, seed=seed)
    truths = real_parts(drawn.names, drawn.table)
    own = set(programs.fitted.parameters)
    truths = {name: values for name, values in truths.items() if base_name(name) in own}
    for name, values in truths.items():
        bad = np.flatnonzero(~np.isfinite(values.reshape(replicates, -1)).all(axis=1))
        if bad.size:
            raise CalibrationError(
                f"'{programs.simulator.name}' draws no finite '{name}' in {bad.size} of "
                f"{replicates} replicates, first in replicate {bad[0] + 1}{drawn.complaint}"
            )
    return [
        Replicate(
            number=i + 1,
            truth={name: values[i] for name, values in truths.items()},
            dataset=_dataset(programs, drawn, i, weight=weight),
        )
        for i in range(replicates)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawn:
    """What a simulator has drawn, a row per replicate."""

    names: tuple[str, ...]
    table: FloatArray
    complaint: str

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """Where its variables are in a row."""
        return stanio.parse_header(",".join(self.names))


def _drawn(executable: Path, programs: Programs, *, replicates: int, seed: int) -> _Drawn:
    """Run the simulator."""
    with run_folder(programs.given) as (data_file, folder):
        output = folder / "simulated.csv"
        try:
            console = run_method(
                executable,
                *("method=sample", f"num_samples={replicates}", "num_warmup=0"),
                "algorithm=fixed_param",
                data_file=data_file,
                output_file=output,
                seed=seed,
            ).result
        except FitError as error:
            raise CalibrationError(
                f"program '{programs.simulator.name}' cannot simulate: {error}"
            ) from error
        drawn = parse_draws_file(output.read_text(encoding="utf-8"))
    if len(drawn.table) != replicates:
        raise CalibrationError(
            f"program '{programs.simulator.name}' has drawn {len(drawn.table)} of {replicates} "
            "replicates"
        )
    complaint = next((line for line in console.text.splitlines() if _PLACE in line), "")
    return _Drawn(
        names=drawn.names,
        table=drawn.table,
        complaint=f": {capped(complaint.strip())}" if complaint else "",
    )


def _dataset(programs: Programs, drawn: _Drawn, row: int, *, weight: str | None) -> Dataset:
    """Return the data of a replicate, as the model declares them."""
    fitted = programs.fitted
    given = {name: value for name, value in programs.given.items() if name in fitted.data}
    data: dict[str, Value] = {
        **given,
        **{
            name: _with_integers(
                value_of(_plain(drawn.variables[name].extract_reshape(drawn.table[row]))),
                fitted.inputs[name]["type"],
            )
            for name in programs.simulated_data
            if name in drawn.variables  # those of size 0 are not
        },
    }
    known = {**data, **({weight: 1.0} if weight else {})}
    problem = data_problem(fitted.inputs, fitted.input_vars, known)
    missing = missing_data(fitted.inputs, fitted.input_vars, known)
    if missing or problem:
        raise CalibrationError(
            f"in replicate {row + 1}, "
            + (problem or f"'{missing[0]}' is neither simulated nor given")
            + f", in '{programs.model.file.name}'"
        )
    return Dataset(name=replicate_name(row + 1), variables=data)


def _plain(value: Any) -> Any:
    """Return a value with tuples and lists in the place of stanio's arrays of objects."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    return value


def _with_integers(value: Value, kind: Any) -> Value:
    """Turn whole numbers of an integer variable, or of a tuple's integer slots, into integers."""
    if isinstance(value, dict):
        slots = dict(enumerate(kind, start=1)) if isinstance(kind, list) else {}
        return {
            name: _with_integers(part, slots.get(int(name), {}).get("type"))
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_with_integers(part, kind) for part in value]
    array = np.asarray(value)
    is_whole = np.isfinite(array).all() and (array == np.rint(array)).all()
    if kind != "int" or not is_whole or (np.abs(array) >= _WHOLE).any():
        return value
    return array.astype(np.int32) if array.ndim else int(array)

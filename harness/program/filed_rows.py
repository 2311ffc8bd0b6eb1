"""Rows in files and what a program declares: which integer counts them, and where they are."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.cmdstan import ensure_cmdstan
from harness.data.dataset import Dataset
from harness.data.filed_variables import KINDS
from harness.errors import DatasetError
from harness.program.axes import ProgramAxis
from harness.program.program import Program
from harness.program.program_axes import find_program_axes

_FIRST = (0,)


def counted(dataset: Dataset, program: Program) -> Dataset:
    """Return a data set with the number of its rows in files, under its name in the program.

    Parameters
    ----------
    dataset : Dataset
    program : Program
        One that takes it.

    Returns
    -------
    Dataset
        The same if it has no rows in files.

    Raises
    ------
    DatasetError
        If the files do not hold all data along one integer of the program, by their first
        dimension, or the data say another number.
    """
    if not dataset.files:
        return dataset
    axis = _axis_of(dataset, program)
    variables = dict(dataset.variables or {})
    n_rows = len(np.asarray(variables[next(iter(dataset.files))]))
    given = variables.get(axis.name, n_rows)
    if given != n_rows:
        raise DatasetError(
            f"data set '{dataset.name}' has {axis.name} = {given}, and its rows files have "
            f"{n_rows} rows; leave {axis.name} out"
        )
    return replace(dataset, variables={**variables, axis.name: n_rows}, counted_by=axis.name)


def _axis_of(dataset: Dataset, program: Program) -> ProgramAxis:
    """Return the axis along which the files lie, all of it."""
    axes = find_program_axes(ensure_cmdstan().path / "bin" / "stanc", program)
    files = ", ".join(dataset.files)
    along = [axis for axis in axes if set(axis.data_names) & set(dataset.files)]
    covering = [axis for axis in along if set(dataset.files) <= set(axis.data_names)]
    if not covering:
        known = "; ".join(f"{axis.name}: {', '.join(axis.data_names)}" for axis in axes) or "none"
        raise DatasetError(
            f"program '{program.name}' has no integer that counts the rows of {files} (it has "
            f"{known}); give the variables along one integer as rows files"
        )
    axis = covering[0]
    if axis.refusal:
        raise DatasetError(
            f"the rows of program '{program.name}' cannot be in files: {axis.refusal}"
        )
    for variable in axis.variables:
        if variable.is_data and variable.name not in dataset.files:
            raise DatasetError(
                f"'{variable.name}' of program '{program.name}' has a value for each of the "
                f"{axis.name} rows too; give it by a rows file, as {files}"
            )
        if variable.is_data and (variable.along.dimensions != _FIRST or variable.along.parts):
            raise DatasetError(
                f"'{variable.name}' of program '{program.name}' has its rows along another "
                "dimension than the first, where they cannot be in a file; declare it by row"
            )
    return axis


def write_manifest(file: Path, dataset: Dataset, axis: int) -> None:
    """Write what the C++ beside the model wants to know of rows in files.

    Parameters
    ----------
    file : Path
        What to write.
    dataset : Dataset
        One with rows in files.
    axis : int
        The number of the axis in the executable.
    """
    lines = [f"{axis} {dataset.n_filed_rows}"]
    for name, known in dataset.files.items():
        array = mapped(dataset.variables or {}, name)
        identity = (array.offset, known.size, known.mtime_ns, known.inode)
        shape = (array.ndim - 1, *array.shape[1:])
        words = (KINDS[array.dtype.str], *identity, *shape, name, known.path)
        lines.append(" ".join(map(str, words)))
    file.write_text("\n".join([*lines, ""]), encoding="utf-8", errors="surrogateescape")


def mapped(variables: Mapping[str, object], name: str) -> "np.memmap[Any, Any]":
    """Return the mapped rows of a variable."""
    array = variables[name]
    assert isinstance(array, np.memmap)  # noqa: S101 - what `files` says
    return array


def some_rows(n_rows: int, n_wanted: int) -> npt.NDArray[np.intp]:
    """Return row numbers spread evenly over all."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, n_wanted)).astype(np.intp))

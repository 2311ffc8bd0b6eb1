"""Data variables whose rows lie in NumPy files: mapped, one row after another, never read whole."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.npy_file import RowsFile, chunks_of
from harness.data.stan_values import Numbers, Value, numbers_of
from harness.errors import DatasetError

#: What the C++ beside the model reads, by the letter that it knows the kind by.
KINDS: Mapping[str, str] = {"<f8": "d", "<f4": "f", "<i4": "i", "<i8": "l"}

_INT = np.iinfo(np.int32)


def map_variable(name: str, path: Path) -> tuple[Numbers, RowsFile]:
    """Map a variable's rows.

    Parameters
    ----------
    name : str
        The variable.
    path : Path
        A ``.npy`` of doubles, floats or integers of 4 or 8 bytes in row order.

    Returns
    -------
    tuple of ndarray and RowsFile
        The mapped rows, and the file as it was.

    Raises
    ------
    DatasetError
        If the file is missing, is no such ``.npy``, or holds what is no integer of Stan's.
    """
    subject = f"rows file '{path}' of '{name}'"
    try:
        file = RowsFile.of(path)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DatasetError(f"{subject} cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError):
        array = None
    if not isinstance(array, np.ndarray):  # an .npz is none
        raise DatasetError(
            f"{subject} is not a whole .npy file of numbers; write one array of numbers by "
            "numpy.save"
        )
    if array.ndim == 0:
        raise DatasetError(
            f"{subject} has no rows; save an array whose first dimension counts them"
        )
    if array.dtype.str not in KINDS:
        raise DatasetError(
            f"{subject} holds numbers of type {array.dtype}; save it as float64 or int32"
        )
    if not array.flags.c_contiguous:
        raise DatasetError(
            f"{subject} has its columns one after another; save numpy.ascontiguousarray of it"
        )
    if "\n" in str(file.path):
        raise DatasetError(f"{subject!r} has a line break in its path; move it")
    if array.dtype.kind == "i" and array.dtype.itemsize > 4:
        _refuse_large(subject, array)
    return array, file


def _refuse_large(subject: str, array: Numbers) -> None:
    """Refuse what does not fit into an integer of Stan's."""
    for chunk in chunks_of(array):
        outside = chunk[(chunk < _INT.min) | (chunk > _INT.max)]
        if outside.size:
            raise DatasetError(
                f"{subject} holds {outside[0]}, which does not fit into an integer of Stan's "
                f"(limit {_INT.max})"
            )


def gathered(array: "np.memmap[Any, Any]", indices: npt.NDArray[np.intp]) -> Numbers:
    """Return some mapped rows, read apart from the map, of which no page then stays in memory."""
    n_per_row = math.prod(array.shape[1:])
    row_bytes = array.dtype.itemsize * n_per_row
    runs = np.split(indices, np.flatnonzero(np.diff(indices) != 1) + 1) if len(indices) else []
    with Path(str(array.filename)).open("rb", buffering=0) as file:
        parts = []
        for run in runs:
            file.seek(array.offset + int(run[0]) * row_bytes)
            parts.append(
                np.fromfile(
                    file, dtype=array.dtype, count=len(run) * row_bytes // array.dtype.itemsize
                )
            )
    flat = np.concatenate([np.empty(0, array.dtype), *parts])
    return numbers_of(flat.reshape(len(indices), *array.shape[1:]))


def map_variables(
    files: Mapping[str, Path], beside: Mapping[str, Value]
) -> tuple[dict[str, Numbers], dict[str, RowsFile]]:
    """Map the rows of some variables, as many of each.

    Parameters
    ----------
    files : Mapping
        By variables' names.
    beside : Mapping
        The other data.

    Returns
    -------
    tuple of dict
        Mapped arrays and the files as they were, by variables' names.

    Raises
    ------
    DatasetError
        If a file cannot be used, two have different numbers of rows, or a variable is given twice.
    """
    found = {name: map_variable(name, path) for name, path in files.items()}
    first, *others = found
    for name in found:
        if name in beside:
            raise DatasetError(
                f"'{name}' is in the data and in rows file '{files[name]}'; leave out one"
            )
    for name in others:
        counts = [len(found[each][0]) for each in (first, name)]
        if counts[0] != counts[1]:
            raise DatasetError(
                f"rows file '{files[first]}' has {counts[0]} rows and '{files[name]}' has "
                f"{counts[1]}; give files with as many rows"
            )
    return {name: pair[0] for name, pair in found.items()}, {
        name: pair[1] for name, pair in found.items()
    }

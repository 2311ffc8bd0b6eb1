"""Rows in tables that others have written: CSV, NumPy, Parquet."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.npy_file import FloatArray, RowsFile, map_rows
from harness.errors import DatasetError
from harness.messages.clauses import absence, shown

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy.load("pandas")


def _is_number(text: str) -> bool:
    """Whether a field of a CSV is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_csv(path: Path) -> FloatArray:
    """Read a CSV of numbers with one header line."""
    header, *lines = path.read_text(encoding="utf-8-sig").splitlines() or [""]
    if any(map(_is_number, header.split(","))):
        raise ValueError(f"its first line '{header}' must be a header line, but holds numbers")
    if not any(line.strip() for line in lines):
        raise ValueError("it has no rows below its header line")
    try:
        return np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        raise ValueError(_first_fault(lines) or str(error)) from error


def _first_fault(lines: Sequence[str]) -> str:
    """Say which field of the lines below a header is the first that is wrong; rows count from 1."""
    rows = [line.split(",") for line in lines if line.strip()]
    for number, fields in enumerate(rows, start=1):
        if len(fields) != len(rows[0]):
            return f"row {number} has {len(fields)} columns, but row 1 has {len(rows[0])}"
        for column, field in enumerate(fields, start=1):
            if not field.strip():
                return f"row {number}, column {column} is empty; leave the row out"
            if not _is_number(field):
                return f"row {number}, column {column} holds '{shown(field)}', which is no number"
    return ""


def _read_npy(path: Path) -> FloatArray:
    """Read a two-dimensional array of numbers saved by NumPy."""
    with path.open("rb") as file:
        values = np.lib.format.read_array(file, allow_pickle=False)
    if not np.can_cast(values.dtype, np.float64, casting="same_kind"):
        raise ValueError(f"its values are of type {values.dtype}, not real numbers")
    return values.astype(np.float64)


def _read_parquet(path: Path) -> FloatArray:
    """Read a Parquet file of numeric columns; nulls become NaN."""
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except ImportError as error:
        raise DatasetError(
            f"data file '{path}' needs pyarrow, which is not installed; "
            "fix: pip install 'advi-harness[parquet]'"
        ) from error
    for name, values in table.items():
        if values.dtype.kind not in "iuf":
            raise ValueError(f"its column '{name}' is of type {values.dtype}, not real numbers")
    return table.to_numpy(dtype=np.float64)


#: Loaders by file name suffix.
LOADERS: Mapping[str, Callable[[Path], FloatArray]] = {
    ".csv": _read_csv,
    ".npy": _read_npy,
    ".parquet": _read_parquet,
}


def read_rows(path: Path) -> FloatArray:
    """Read rows from a file.

    Parameters
    ----------
    path : Path
        A ``.csv`` with one header line, a ``.npy``, or a ``.parquet``, whose index, if pandas
        wrote one, is no column.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)

    Raises
    ------
    DatasetError
        If the file is missing, of another kind, or not a table of numbers.
    """
    loader = LOADERS.get(path.suffix)
    if loader is None:
        raise DatasetError(
            f"data file '{path}' ends in '{path.suffix}'; allowed are {', '.join(LOADERS)}"
        )
    if not path.is_file():
        raise DatasetError(f"data file '{path}' {absence(path)}; check the study's 'file'")
    try:
        return loader(path)
    except (ValueError, NotImplementedError, OSError) as error:
        reason = str(error).splitlines()[0].partition("; use `usecols`")[0]
        raise DatasetError(f"data file '{path}' is not a table of numbers: {reason}") from error


def mapped_rows(path: Path) -> tuple[FloatArray, RowsFile] | None:
    """Map a ``.npy`` that can be mapped; whatever is wrong with others, reading them tells.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of ndarray and RowsFile, or None
    """
    if path.suffix != ".npy":
        return None
    try:
        return map_rows(path)
    except (ValueError, OSError, EOFError):
        return None

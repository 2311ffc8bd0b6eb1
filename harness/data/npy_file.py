"""Rows in NumPy files: too many for memory, written and read in chunks."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import DatasetError

FloatArray = npt.NDArray[np.float64]

#: Rows that are in memory at a time.
CHUNK_ROWS = 1 << 18

#: Elements of the program's array: nine digits, then the bytes of the path, then zeros.
STAN_LENGTH = 1024
_DIGIT_BITS = 30
_N_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class RowsFile:
    """A ``.npy`` of doubles in row order, and how it was when it was checked.

    Attributes
    ----------
    path : Path
        Absolute.
    size, mtime_ns, inode : int
        Bytes, time of modification in nanoseconds and inode: a file that differs in one of them
        is not the one that was checked.
    """

    path: Path
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "RowsFile":
        """Return the file as it is now."""
        path = path.resolve()
        status = path.stat()
        return cls(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)

    def check_unchanged(self) -> None:
        """Raise :class:`DatasetError` if the file is not the one that was checked."""
        if not self.path.is_file() or RowsFile.of(self.path) != self:
            raise DatasetError(
                f"rows file '{self.path}' was changed or replaced since it was checked; "
                "run the study again"
            )

    def stan_value(self) -> list[int]:
        """Return what tells a Stan program which file to open, :data:`STAN_LENGTH` integers.

        Raises
        ------
        DatasetError
            If the path is too long for that.
        """
        digits = [
            number >> (_DIGIT_BITS * i) & ((1 << _DIGIT_BITS) - 1)
            for number in (self.size, self.mtime_ns, self.inode)
            for i in range(_N_DIGITS)
        ]
        value = [*digits, *os.fsencode(self.path)]
        if len(value) > STAN_LENGTH:
            raise DatasetError(
                f"rows file '{self.path}' has a path of {len(value) - len(digits)} bytes; at most "
                f"{STAN_LENGTH - len(digits)} are allowed; move it"
            )
        return value + [0] * (STAN_LENGTH - len(value))


def chunks_of(rows: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Give rows a chunk at a time; of a mapped file no page stays in memory.

    Yields
    ------
    ndarray, shape (at most CHUNK_ROWS, ...)
    """
    for begin in range(0, len(rows), CHUNK_ROWS):
        chunk = rows[begin : begin + CHUNK_ROWS]
        if isinstance(rows, np.memmap) and rows.filename is not None:
            # a window of its own is unmapped with its pages when it is dropped
            offset = rows.offset + begin * rows.strides[0]
            chunk = np.memmap(
                rows.filename, dtype=rows.dtype, mode="r", offset=offset, shape=chunk.shape
            )
        yield chunk


def write_rows(path: Path, chunks: Iterable[FloatArray], *, n_rows: int) -> RowsFile:
    """Write rows to a ``.npy`` of doubles in row order, a chunk at a time.

    Parameters
    ----------
    path : Path
        What to write; a file that is there is replaced.
    chunks : iterable of ndarray, each of shape (n, n_columns)
        The rows in their order.
    n_rows : int
        How many they are together.

    Returns
    -------
    RowsFile

    Raises
    ------
    DatasetError
        If the file cannot be written, or the chunks have another number of rows.
    """
    n_written = 0
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                if n_written == 0:
                    header = {"descr": "<f8", "fortran_order": False}
                    shape = {"shape": (n_rows, chunk.shape[1])}
                    np.lib.format.write_array_header_1_0(file, {**header, **shape})
                file.write(np.ascontiguousarray(chunk, dtype="<f8").data)
                n_written += len(chunk)
    except OSError as error:
        raise DatasetError(f"rows file '{path}' cannot be written: {error.strerror}") from error
    if n_written != n_rows:
        raise DatasetError(f"rows file '{path}' has {n_written} rows instead of {n_rows}")
    return RowsFile.of(path)


def map_rows(path: Path) -> tuple[FloatArray, RowsFile] | None:
    """Map the rows of a ``.npy``, if they lie in it as a Stan program can read them.

    Parameters
    ----------
    path : Path
        A ``.npy``.

    Returns
    -------
    tuple of ndarray and RowsFile, or None
        None if the values are no little-endian doubles in row order.

    Raises
    ------
    ValueError
        If it is not a ``.npy``, or cut short.
    """
    file = RowsFile.of(path)
    rows = np.load(path, mmap_mode="r", allow_pickle=False)
    if rows.dtype != np.dtype("<f8") or rows.ndim != 2 or not rows.flags.c_contiguous:
        return None
    return rows, file

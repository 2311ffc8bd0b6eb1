"""Named data sets: generators and loaders, checked for shape, finiteness and digest."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import DatasetError
from harness.rows_file import CHUNK_ROWS, RowsFile, chunks_of, map_rows, write_rows
from harness.stan_json import digest_of, is_stan_json, read_stan_json
from harness.validation import absence

FloatArray = npt.NDArray[np.float64]

#: Component means and shares from which the notebook's rows are drawn.
TRUE_MEANS: FloatArray = np.array([[-1.0, -1.5], [1.0, 1.0]])
TRUE_SHARES: FloatArray = np.array([0.2, 0.8])

NOTEBOOK_SEED = 123
NOTEBOOK_SMALL_N = 100
NOTEBOOK_LARGE_N = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Rows of observations under a name, or whatever else a program takes as data.

    Attributes
    ----------
    name : str
        The name that tables and studies use.
    rows : ndarray, shape (n_rows, n_columns)
        Finite observations, one per row; mapped where they lie in a file.
    file : RowsFile or None
        That file; None for rows in memory.
    variables : Mapping or None
        In place of rows, the program's data variables by name, as JSON holds them.
    """

    name: str
    rows: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    file: RowsFile | None = None
    variables: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse rows that no program could use."""
        if self.variables is not None:
            return
        if self.rows.ndim != 2 or self.rows.shape[0] == 0 or self.rows.shape[1] == 0:
            raise DatasetError(
                f"data set '{self.name}' has shape {self.rows.shape}; "
                "give a table with at least one row and one column"
            )
        n_bad, first_bad, n_seen = 0, 0, 0
        for chunk in chunks_of(self.rows):
            bad_rows = np.flatnonzero(~np.isfinite(chunk).all(axis=1))
            if bad_rows.size and not n_bad:
                first_bad = n_seen + int(bad_rows[0]) + 1
            n_bad += bad_rows.size
            n_seen += len(chunk)
        if n_bad:
            raise DatasetError(
                f"data set '{self.name}' has {n_bad} rows with NaN or infinite values, "
                f"the first is row {first_bad}; remove or mend them"
            )

    @property
    def n_rows(self) -> int:
        """Number of observations."""
        return len(self.rows)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows as little-endian doubles in row order, shape included."""
        if self.variables is not None:
            return digest_of(self.variables)
        hasher = hashlib.sha256(repr(self.rows.shape).encode())
        for chunk in chunks_of(self.rows):
            hasher.update(np.ascontiguousarray(chunk, dtype="<f8").data)
        if self.file is not None:
            self.file.check_unchanged()
        return hasher.hexdigest()


def _draw_mixture(rng: np.random.RandomState, n_rows: int) -> FloatArray:
    """Draw rows from the notebook's mixture with the notebook's calls, in its order.

    The public notebook draws all labels first, then ``n_rows`` normal vectors from *each*
    component, and keeps of each row the vector of its own component.
    """
    one_hot = np.array([rng.multinomial(1, TRUE_SHARES) for _ in range(n_rows)])
    candidates = [rng.multivariate_normal(mean, np.eye(2), size=n_rows) for mean in TRUE_MEANS]
    return np.where(one_hot[:, :1] == 1, candidates[0], candidates[1])


def notebook_small() -> FloatArray:
    """Return the notebook's first 100 rows, shape (100, 2)."""
    return _draw_mixture(np.random.RandomState(NOTEBOOK_SEED), NOTEBOOK_SMALL_N)


def notebook_large() -> FloatArray:
    """Return the notebook's 100,000 rows, shape (100000, 2).

    They are drawn on from the stream that gave the first 100 rows.
    """
    rng = np.random.RandomState(NOTEBOOK_SEED)
    _draw_mixture(rng, NOTEBOOK_SMALL_N)
    return _draw_mixture(rng, NOTEBOOK_LARGE_N)


def mixture_chunks(n_rows: int, *, seed: int) -> Iterator[FloatArray]:
    """Draw any number of rows from the notebook's mixture, a chunk at a time.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    seed : int
        Decides them; the rows of a smaller number are not the first of a larger.

    Yields
    ------
    ndarray, shape (at most CHUNK_ROWS, 2)
    """
    rng = np.random.default_rng(seed)
    for begin in range(0, n_rows, CHUNK_ROWS):
        n = min(CHUNK_ROWS, n_rows - begin)
        labels = (rng.random(n) >= TRUE_SHARES[0]).astype(np.intp)
        yield TRUE_MEANS[labels] + rng.standard_normal((n, 2))


def write_mixture(path: Path, *, n_rows: int, seed: int) -> RowsFile:
    """Write a ``.npy`` of rows from the notebook's mixture, of which few are in memory at a time.

    Parameters
    ----------
    path : Path
        What to write.
    n_rows, seed : int
        As :func:`mixture_chunks` takes them.

    Returns
    -------
    RowsFile

    Raises
    ------
    DatasetError
        If the file cannot be written.
    """
    return write_rows(path, mixture_chunks(n_rows, seed=seed), n_rows=n_rows)


#: Generators by the name that a study uses.
GENERATORS: Mapping[str, Callable[[], FloatArray]] = {
    "notebook_small": notebook_small,
    "notebook_large": notebook_large,
}


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
    return np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)


def _read_npy(path: Path) -> FloatArray:
    """Read a two-dimensional array of numbers saved by NumPy."""
    with path.open("rb") as file:
        values = np.lib.format.read_array(file, allow_pickle=False)
    if not np.can_cast(values.dtype, np.float64, casting="same_kind"):
        raise ValueError(f"its values are of type {values.dtype}, not real numbers")
    return values.astype(np.float64)


#: Loaders by file name suffix.
LOADERS: Mapping[str, Callable[[Path], FloatArray]] = {".csv": _read_csv, ".npy": _read_npy}


def read_rows(path: Path) -> FloatArray:
    """Read rows from a file.

    Parameters
    ----------
    path : Path
        A ``.csv`` with one header line, or a ``.npy``.

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
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0].partition("; use `usecols`")[0]
        raise DatasetError(f"data file '{path}' is not a table of numbers: {reason}") from error


def _mapped_rows(path: Path) -> tuple[FloatArray, RowsFile] | None:
    """Map a ``.npy`` that can be mapped; whatever is wrong with others, reading them tells."""
    if path.suffix != ".npy":
        return None
    try:
        return map_rows(path)
    except (ValueError, OSError, EOFError):
        return None


def make_dataset(
    name: str,
    *,
    generator: str | None = None,
    file: Path | None = None,
    sha256: str | None = None,
) -> Dataset:
    """Generate or load a data set and check its digest.

    Parameters
    ----------
    name : str
        The name that tables use.
    generator : str, optional
        A key of :data:`GENERATORS`; give this or `file`.
    file : Path, optional
        CmdStan's JSON, or a file that :func:`read_rows` takes; a ``.npy`` of doubles in row
        order is mapped into memory instead of being read.
    sha256 : str, optional
        The expected :attr:`Dataset.digest`.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the rows cannot be had, are unusable, or are not the ones that the digest names.
    """
    rows_file: RowsFile | None = None
    if file is not None and is_stan_json(file):
        return _check_digest(Dataset(name=name, variables=read_stan_json(file)), sha256)
    if file is not None:
        rows, rows_file = _mapped_rows(file) or (read_rows(file), None)
    elif generator is not None and generator in GENERATORS:
        rows = GENERATORS[generator]()
    else:
        raise DatasetError(
            f"data set '{name}': unknown generator '{generator}'; known are {', '.join(GENERATORS)}"
        )
    return _check_digest(Dataset(name=name, rows=rows, file=rows_file), sha256)


def _check_digest(dataset: Dataset, sha256: str | None) -> Dataset:
    """Refuse a data set that is not the expected one."""
    if sha256 is not None and dataset.digest != sha256:
        raise DatasetError(
            f"data set '{dataset.name}' has digest {dataset.digest}, expected {sha256}; "
            "its rows are not the ones that the study was written for"
        )
    return dataset

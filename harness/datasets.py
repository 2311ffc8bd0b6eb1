"""Named data sets: generators and loaders, checked for shape, finiteness and digest."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.errors import DatasetError

FloatArray = npt.NDArray[np.float64]

#: Component means and shares from which the notebook's rows are drawn.
TRUE_MEANS: FloatArray = np.array([[-1.0, -1.5], [1.0, 1.0]])
TRUE_SHARES: FloatArray = np.array([0.2, 0.8])

NOTEBOOK_SEED = 123
NOTEBOOK_SMALL_N = 100
NOTEBOOK_LARGE_N = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Rows of observations under a name.

    Attributes
    ----------
    name : str
        The name that tables and studies use.
    rows : ndarray, shape (n_rows, n_columns)
        Finite observations, one per row.
    """

    name: str
    rows: FloatArray

    def __post_init__(self) -> None:
        """Refuse rows that no program could use."""
        if self.rows.ndim != 2 or self.rows.shape[0] == 0 or self.rows.shape[1] == 0:
            raise DatasetError(
                f"data set '{self.name}' has shape {self.rows.shape}; "
                "give a table with at least one row and one column"
            )
        bad_rows = np.flatnonzero(~np.isfinite(self.rows).all(axis=1))
        if bad_rows.size:
            raise DatasetError(
                f"data set '{self.name}' has {bad_rows.size} rows with NaN or infinite values, "
                f"the first is row {bad_rows[0] + 1}; remove or mend them"
            )

    @property
    def n_rows(self) -> int:
        """Number of observations."""
        return len(self.rows)

    @property
    def digest(self) -> str:
        """SHA-256 of the rows as little-endian doubles in row order, shape included."""
        content = np.ascontiguousarray(self.rows, dtype="<f8")
        return hashlib.sha256(repr(content.shape).encode() + content.tobytes()).hexdigest()


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
        raise DatasetError(f"data file '{path}' does not exist; check the study's 'file'")
    try:
        return loader(path)
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"data file '{path}' is not a table of numbers: {reason}") from error


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
        A file that :func:`read_rows` takes.
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
    if file is not None:
        rows = read_rows(file)
    elif generator is not None and generator in GENERATORS:
        rows = GENERATORS[generator]()
    else:
        raise DatasetError(
            f"data set '{name}': unknown generator '{generator}'; known are {', '.join(GENERATORS)}"
        )
    dataset = Dataset(name=name, rows=rows)
    if sha256 is not None and dataset.digest != sha256:
        raise DatasetError(
            f"data set '{name}' has digest {dataset.digest}, expected {sha256}; "
            "its rows are not the ones that the study was written for"
        )
    return dataset

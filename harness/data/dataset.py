"""Named data sets from generators and files, checked for shape, finiteness and digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, ValidationError, validate_call

from harness.data.filed_variables import gathered, map_variables
from harness.data.generators import GENERATORS, option_names
from harness.data.npy_file import RowsFile, chunks_of
from harness.data.row_tables import mapped_rows, read_rows
from harness.data.stan_json import is_stan_json, plain_variables, read_stan_json
from harness.data.stan_values import Value, digest_of
from harness.errors import DatasetError
from harness.messages.clauses import did_you_mean, first_problem

FloatArray = npt.NDArray[np.float64]


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
        In place of rows, the program's data variables by name, as
        :func:`harness.data.stan_values.value_of` returns them.
    files : Mapping
        Of variables whose rows lie in files these, by name; the variables are mapped.
    counted_by : str or None
        The variable that counts the rows in files.
    """

    name: str
    rows: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    file: RowsFile | None = None
    variables: Mapping[str, Value] | None = None
    files: Mapping[str, RowsFile] = field(default_factory=dict)
    counted_by: str | None = None

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
                f"the first is row {first_bad}; remove or correct them"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process of this machine: rows in files stay there."""
        state = {
            name: value for name, value in vars(self).items() if name != "rows" or self.file is None
        }
        if self.files:
            kept = (self.variables or {}).items()
            state["variables"] = {name: value for name, value in kept if name not in self.files}
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Arrive, and map rows in files.

        Raises
        ------
        DatasetError
            If the file is not what it was.
        """
        vars(self).update(state)
        if self.file is not None:
            self.file.check_unchanged()
            vars(self)["rows"] = np.load(self.file.path, mmap_mode="r", allow_pickle=False)
        for name, file in self.files.items():
            file.check_unchanged()
            mapped = np.load(file.path, mmap_mode="r", allow_pickle=False)
            vars(self)["variables"][name] = mapped

    def in_memory(self) -> "Dataset":
        """Return it with its rows in memory, for another machine."""
        if self.files:
            return self.at_rows(np.arange(self.n_filed_rows))
        if self.file is None:
            return self
        return replace(self, rows=np.array(self.rows), file=None)

    @property
    def n_filed_rows(self) -> int:
        """Number of rows in the files of variables."""
        first = next(iter(self.files), None)
        return 0 if first is None else len(np.asarray((self.variables or {})[first]))

    def at_rows(self, indices: npt.NDArray[np.intp]) -> "Dataset":
        """Return some of the rows in the files of variables, in memory."""
        variables = dict(self.variables or {})
        for name in self.files:
            array = variables[name]
            assert isinstance(array, np.memmap)  # noqa: S101 - what `files` says
            variables[name] = gathered(array, indices)
        if self.counted_by is not None:
            variables[self.counted_by] = len(indices)
        return replace(self, variables=variables, files={}, counted_by=None)

    @property
    def n_rows(self) -> int:
        """Number of observations."""
        return len(self.rows)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows as little-endian doubles in row order, shape included.

        Of variables, of their names, types, shapes and numbers.
        """
        if self.variables is not None:
            digest = digest_of(self.variables)
            for file in self.files.values():
                file.check_unchanged()
            return digest
        hasher = hashlib.sha256(repr(self.rows.shape).encode())
        for chunk in chunks_of(self.rows):
            hasher.update(np.ascontiguousarray(chunk, dtype="<f8").data)
        if self.file is not None:
            self.file.check_unchanged()
        return hasher.hexdigest()


def make_dataset(
    name: str,
    *,
    generator: str | None = None,
    file: Path | None = None,
    options: Mapping[str, Any] | None = None,
    sha256: str | None = None,
    rows_files: Mapping[str, Path] | None = None,
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
    options : Mapping, optional
        Arguments of the generator; for JSON, numbers in the place of those that the file has.
    sha256 : str, optional
        The expected :attr:`Dataset.digest`.
    rows_files : Mapping, optional
        By name, a ``.npy`` with the rows of variables that the JSON leaves out.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the rows cannot be had, are unusable, or are not the ones that the digest names.
    """
    made = _made(name, generator, file, options or {})
    if rows_files and made.variables is None:
        raise DatasetError(
            f"data set '{name}' has rows files beside a table; they go with data in CmdStan's JSON"
        )
    return _check_digest(with_rows_files(made, rows_files or {}), sha256)


def _made(
    name: str, generator: str | None, file: Path | None, options: Mapping[str, Any]
) -> Dataset:
    """Generate or load a data set."""
    if file is None:
        made = _generated(name, str(generator), options)
        if isinstance(made, dict):
            return Dataset(name=name, variables=plain_variables(made))
        return Dataset(name=name, rows=made)
    if is_stan_json(file):
        return Dataset(name=name, variables=_with_numbers(name, read_stan_json(file), options))
    if options:
        raise DatasetError(
            f"data set '{name}' is a table of rows, which has no option '{next(iter(options))}'; "
            "generators and JSON files have options"
        )
    rows, rows_file = mapped_rows(file) or (read_rows(file), None)
    return Dataset(name=name, rows=rows, file=rows_file)


def _generated(
    name: str, generator: str, options: Mapping[str, Any]
) -> FloatArray | dict[str, Any]:
    """Call a generator with its options."""
    check_generator(name, generator, options)
    try:
        return validate_call(config=ConfigDict(strict=True))(GENERATORS[generator])(**options)
    except ValidationError as error:
        raise DatasetError(f"data set '{name}': option {first_problem(error)}") from error


def check_generator(name: str, generator: str, options: Mapping[str, Any]) -> None:
    """Refuse a generator that there is not, or that does not have an option.

    Raises
    ------
    DatasetError
    """
    if generator not in GENERATORS:
        raise DatasetError(
            f"data set '{name}': unknown generator '{generator}'; known are {', '.join(GENERATORS)}"
        )
    known = option_names(generator)
    for option in options:
        if option not in known:
            hint = did_you_mean(option, known) if known else "; it has none"
            raise DatasetError(
                f"data set '{name}': generator '{generator}' has no option '{option}'{hint}"
            )


def _with_numbers(
    name: str, variables: Mapping[str, Value], options: Mapping[str, Any]
) -> dict[str, Value]:
    """Put numbers in the place of those that a file has."""
    numbers = [key for key, value in variables.items() if isinstance(value, int | float)]
    for key, value in options.items():
        if key not in numbers:
            hint = did_you_mean(key, numbers) if numbers else ""
            raise DatasetError(f"data set '{name}': its file has no number '{key}'{hint}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DatasetError(f"data set '{name}': '{key}' is {value!r}; give a number")
    return {**variables, **options}


def with_rows_files(dataset: Dataset, files: Mapping[str, Path]) -> Dataset:
    """Return a data set of variables with the rows of further ones in files.

    Raises
    ------
    DatasetError
        If a file cannot be used, two have different numbers of rows, or a variable is given twice.
    """
    if not files:
        return dataset
    beside = dataset.variables or {}
    mapped, known = map_variables(files, beside)
    return replace(dataset, variables={**beside, **mapped}, files=known)


def _check_digest(dataset: Dataset, sha256: str | None) -> Dataset:
    """Refuse a data set that is not the expected one."""
    if sha256 is not None and dataset.digest != sha256:
        raise DatasetError(
            f"data set '{dataset.name}' has digest {dataset.digest}, expected {sha256}; "
            "its rows are not those of the study's 'sha256'"
        )
    return dataset

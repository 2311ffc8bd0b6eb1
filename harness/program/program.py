"""A Stan program, what it takes as data, and which of its variables a study looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.data.npy_file import FloatArray, RowsFile
from harness.data.stan_values import Value, rows_of
from harness.errors import DatasetError, ProgramError
from harness.program.contract import Components, DataContract


@dataclass(frozen=True, kw_only=True, eq=False)
class RowsInMemory:
    """Rows for a program that reads a file, which is yet to be written.

    Attributes
    ----------
    rows : ndarray, shape (n_rows, n_columns)
    """

    rows: FloatArray


def _count(value: Value) -> int | None:
    """Return a number of rows; None for what is no count."""
    return value if isinstance(value, int) else None


@dataclass(frozen=True, kw_only=True)
class Program:
    """A Stan program and how a study uses it.

    Attributes
    ----------
    name : str
        The name that tables use.
    file : Path
        The ``.stan`` file; what it includes is looked up beside it.
    contract : DataContract or None
        Where the observations go; None for a program whose rows nobody has named, which takes
        its data from JSON and cannot be subsampled.
    data : Mapping
        Further data, the same for every run (a prior's scale, say).
    parameters : tuple of str
        The variables that tables summarise.
    components : Components or None
        Set for mixtures, whose components are then labelled by their first coordinate.
    user_header : Path or None
        A C++ header that defines what the program's ``functions`` block only declares.
    native : bool
        Whether it is compiled for the processor of this machine, and by stanc's optimiser.
    """

    name: str
    file: Path
    contract: DataContract | None = None
    data: Mapping[str, float] = field(default_factory=dict)
    parameters: tuple[str, ...]
    components: Components | None = None
    user_header: Path | None = None
    native: bool = False

    def __post_init__(self) -> None:
        """Refuse what is neither yes nor no."""
        if not isinstance(self.native, bool):
            raise ProgramError(
                f"'native' of program '{self.name}' is {self.native!r}; give True or False"
            )

    @property
    def takes_table(self) -> bool:
        """Whether its observations are rows of a table."""
        return self.contract is not None and not self.contract.row_variables

    @property
    def data_names(self) -> set[str]:
        """The data that a run gives the program, apart from those of a JSON file."""
        return {*self.data, *(self.contract.names if self.contract else ())}

    def n_rows_of(self, dataset: Dataset) -> int | None:
        """Return how many observations a data set has for this program, if that can be known."""
        if dataset.variables is None:
            return dataset.n_rows
        if self.contract is None:
            return None
        return _count(dataset.variables[self.contract.n_rows])

    def data_of(
        self,
        dataset: Dataset,
        *,
        indices: npt.NDArray[np.intp] | None = None,
        likelihood_weight: float = 1.0,
    ) -> dict[str, Any]:
        """Return CmdStan's data for a data set or some of its rows.

        Parameters
        ----------
        dataset : Dataset
            The observations.
        indices : ndarray of int, optional
            Which rows; all of them by default.
        likelihood_weight : float
            What multiplies their log likelihood.

        Returns
        -------
        dict

        Raises
        ------
        DatasetError
            If the program cannot take the data set, or its rows are not known.
        """
        if dataset.variables is None:
            rows = dataset.rows if indices is None else np.asarray(dataset.rows[indices])
            file = dataset.file if indices is None else None
            return self.stan_data(rows, likelihood_weight=likelihood_weight, file=file)
        data = {**self.data, **dataset.variables}
        if self.contract is None:
            if indices is not None:
                raise DatasetError(f"program '{self.name}' does not say which data are its rows")
            return data
        if indices is not None:
            for name in self.contract.row_names:
                data[name] = rows_of(dataset.variables[name], indices)
            data[self.contract.n_rows] = len(indices)
        return data | self.contract.weight(likelihood_weight)

    def stan_data(
        self, rows: FloatArray, *, likelihood_weight: float, file: RowsFile | None = None
    ) -> dict[str, Any]:
        """Return CmdStan's data for some rows.

        Parameters
        ----------
        rows : ndarray, shape (n_rows, n_columns)
            Observations, all or a subsample.
        likelihood_weight : float
            What multiplies their log likelihood.
        file : RowsFile, optional
            Where these rows lie.

        Returns
        -------
        dict
            For a program that reads a file, with :class:`RowsInMemory` if there is none. The
            likelihood is that of all these rows.

        Raises
        ------
        DatasetError
            If the rows have another number of columns than the program takes.
        """
        contract = self._check_columns(rows, "the rows have")
        data: dict[str, Any] = {
            **self.data,
            contract.n_rows: rows.shape[0],
            **contract.weight(likelihood_weight),
        }
        if contract.rows is not None:
            data[contract.rows] = rows
        elif contract.rows_file is not None:
            data[contract.rows_file] = file.stan_value() if file else RowsInMemory(rows=rows)
        return data

    def check_rows(self, dataset: Dataset) -> None:
        """Raise :class:`DatasetError` if the program cannot take a data set."""
        if dataset.variables is None:
            self._check_columns(dataset.rows, f"data set '{dataset.name}' has")
        elif self.contract is not None:
            self._check_variables(dataset.name, dataset.variables, self.contract)

    def _check_columns(self, rows: FloatArray, subject: str) -> DataContract:
        """Refuse a table that does not fit, and return where it goes."""
        if self.contract is None or not self.takes_table:
            raise DatasetError(
                f"program '{self.name}' takes its data from JSON; a table of rows needs a "
                "'contract' that says which matrix holds them"
            )
        if rows.shape[1] != self.contract.n_columns:
            raise DatasetError(
                f"{subject} shape {rows.shape}, but program '{self.name}' takes rows of "
                f"{self.contract.n_columns} columns"
            )
        return self.contract

    def _check_variables(
        self, dataset: str, variables: Mapping[str, Value], contract: DataContract
    ) -> None:
        """Refuse JSON without the rows that the contract names, or with fewer than it counts."""
        for name in (*contract.row_names, contract.n_rows):
            if name not in variables:
                raise DatasetError(
                    f"data set '{dataset}' has no '{name}', which the contract of program "
                    f"'{self.name}' names"
                )
        n_rows = _count(variables[contract.n_rows])
        for name in contract.row_names:
            value = variables[name]
            n_found = len(value) if isinstance(value, list | np.ndarray) else 1
            if n_found != n_rows:
                raise DatasetError(
                    f"data set '{dataset}' has {n_found} elements of '{name}', but "
                    f"'{contract.n_rows}' is {n_rows}"
                )

"""A Stan program, what it takes as data, and which of its variables a study looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.datasets import Dataset, FloatArray
from harness.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class DataContract:
    """Which data variables of a program hold what.

    Attributes
    ----------
    rows : str
        The matrix whose rows are observations.
    n_columns : int
        Columns of that matrix.
    n_rows : str
        The integer that counts the rows.
    likelihood_weight : str
        The real that multiplies the log likelihood and leaves the prior alone.
    """

    rows: str
    n_columns: int
    n_rows: str
    likelihood_weight: str


@dataclass(frozen=True, kw_only=True)
class Components:
    """Which parameters of a mixture belong to its components.

    Attributes
    ----------
    means : str
        Component means, shape (K, d).
    shares : str
        Mixture weights, shape (K,).
    exchangeable : bool
        Whether the density is the same under every order of the components, so that their
        names in the draws are an accident.
    """

    means: str
    shares: str
    exchangeable: bool = True


@dataclass(frozen=True, kw_only=True)
class Program:
    """A Stan program and how a study uses it.

    Attributes
    ----------
    name : str
        The name that tables use.
    file : Path
        The ``.stan`` file; what it includes is looked up beside it.
    contract : DataContract
        Where the observations go.
    data : Mapping
        Further data, the same for every run (a prior's scale, say).
    parameters : tuple of str
        The variables that tables summarise.
    components : Components or None
        Set for mixtures, whose components are then labelled by their first coordinate.
    user_header : Path or None
        A C++ header that defines what the program's ``functions`` block only declares.
    """

    name: str
    file: Path
    contract: DataContract
    data: Mapping[str, float] = field(default_factory=dict)
    parameters: tuple[str, ...]
    components: Components | None = None
    user_header: Path | None = None

    def stan_data(self, rows: FloatArray, *, likelihood_weight: float) -> dict[str, Any]:
        """Return CmdStan's data for some rows.

        Parameters
        ----------
        rows : ndarray, shape (n_rows, n_columns)
            Observations, all or a subsample.
        likelihood_weight : float
            What multiplies their log likelihood.

        Returns
        -------
        dict

        Raises
        ------
        DatasetError
            If the rows have another number of columns than the program takes.
        """
        self._check_columns(rows, "the rows have")
        return {
            **self.data,
            self.contract.n_rows: rows.shape[0],
            self.contract.rows: rows,
            self.contract.likelihood_weight: likelihood_weight,
        }

    def check_rows(self, dataset: Dataset) -> None:
        """Raise :class:`DatasetError` if the program cannot take the data set's rows."""
        self._check_columns(dataset.rows, f"data set '{dataset.name}' has")

    def _check_columns(self, rows: FloatArray, subject: str) -> None:
        if rows.shape[1] != self.contract.n_columns:
            raise DatasetError(
                f"{subject} shape {rows.shape}, but program '{self.name}' takes rows of "
                f"{self.contract.n_columns} columns"
            )

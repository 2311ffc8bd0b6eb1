"""Which data variables of a program hold what: its rows, their weight, their batches (pure)."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DataContract:
    """Which data variables of a program hold what.

    Attributes
    ----------
    rows : str or None
        The matrix whose rows are observations.
    rows_file : str or None
        In its place, the array of integers that says which ``.npy`` the program reads them from
        (:meth:`harness.data.npy_file.RowsFile.stan_value`).
    row_variables : tuple of str
        Instead of both, for JSON data: the arrays with one element per row.
    n_columns : int or None
        Columns of a row, where rows come as a table.
    n_rows : str
        The integer with the number of rows.
    likelihood_weight : str
        The real that multiplies the log likelihood but not the prior.
    """

    rows: str | None = None
    rows_file: str | None = None
    row_variables: tuple[str, ...] = ()
    n_columns: int | None = None
    n_rows: str
    likelihood_weight: str

    @property
    def names(self) -> set[str]:
        """The data variables that it names."""
        return {*self.row_names, self.n_rows, self.likelihood_weight}

    @property
    def row_names(self) -> tuple[str, ...]:
        """The data variables that hold rows."""
        table = self.rows or self.rows_file
        return (table,) if table else self.row_variables


@dataclass(frozen=True, kw_only=True)
class MinibatchContract:
    """Data variables of a program whose likelihood can be that of a fresh batch of rows.

    Attributes
    ----------
    batch_size : str
        The integer with the number of rows of a batch; 0 means all rows.
    run_length : str
        The integer with the number of adjacent rows that are drawn together.
    seed : str
        The integer with the seed of the batches.
    without_replacement : str
        The integer that is 1 for sampling without replacement: all rows are used once before any
        row is used again.
    anchor_after : str
        The integer with the number of evaluations after which the anchor of the control variate is
        set; 0 for none.
    """

    batch_size: str
    run_length: str
    seed: str
    without_replacement: str
    anchor_after: str

    @property
    def names(self) -> set[str]:
        """The data variables that it names."""
        return set(dataclasses.astuple(self))

    def stan_data(
        self,
        *,
        batch_size: int = 0,
        run_length: int = 1,
        seed: int = 0,
        without_replacement: bool = True,
        anchor_after: int = 0,
    ) -> dict[str, int]:
        """Return these data; by default, those of the likelihood of all rows."""
        return {
            self.batch_size: batch_size,
            self.run_length: run_length,
            self.seed: seed,
            self.without_replacement: int(without_replacement),
            self.anchor_after: anchor_after,
        }

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
        In their place, of programs whose data are JSON, the arrays with an element per row.
    n_columns : int or None
        Columns of a row, where rows come as a table.
    n_rows : str
        The integer that counts the rows.
    likelihood_weight : str
        The real that multiplies the log likelihood and leaves the prior alone.
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
        The integer that counts the rows of a batch; with 0 the likelihood is that of all rows.
    run_length : str
        The integer that says how many neighbouring rows are drawn together.
    seed : str
        The integer that decides which rows are drawn.
    without_replacement : str
        The integer that is 1 if every row comes once before any comes twice.
    anchor_after : str
        The integer that says after how many evaluations the control variate gets its anchor;
        0 for none.
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

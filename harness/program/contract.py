"""Which variables of a program mean what: rows and their weight, components (pure).

Each class is a table of a study's file and what programs are made with.
"""

from typing import Annotated

from pydantic import Field, PositiveInt

from harness.messages.toml_table import Table


class DataContract(Table):
    """Which data variables of a program hold its rows, their number and their weight.

    Attributes
    ----------
    rows : str or None
        The matrix whose rows are observations.
    rows_file : str or None
        Instead of `rows`: the array of integers with the name of the `.npy` file that the program
        reads.
    row_variables : tuple of str
        Instead of both, for JSON data: the arrays with one element per row.
    n_columns : int or None
        Number of columns of a row, for `rows` and `rows_file`.
    n_rows : str
        The integer with the number of rows.
    likelihood_weight : str or None
        The real that multiplies the log likelihood but not the prior, for a program that weights a
        subsample itself; any other program is weighted by its executable.
    """

    sources = (("rows", "n_columns"), ("rows_file", "n_columns"), ("row_variables",))

    rows: str | None = None
    rows_file: str | None = None
    #: Not strict, because TOML has lists.
    row_variables: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = ()
    n_columns: PositiveInt | None = None
    n_rows: str
    likelihood_weight: str | None = None

    @property
    def names(self) -> set[str]:
        """The data variables that it names."""
        return {*self.row_names, self.n_rows, *self.weight(1.0)}

    def weight(self, value: float) -> dict[str, float]:
        """Return the data with the weight of the likelihood, if the program takes one."""
        return {} if self.likelihood_weight is None else {self.likelihood_weight: value}

    @property
    def row_names(self) -> tuple[str, ...]:
        """The data variables that hold rows."""
        table = self.rows or self.rows_file
        return (table,) if table else self.row_variables


class Components(Table):
    """The parameters of the components of a mixture.

    Attributes
    ----------
    means : str
        Component means, of shape (K, d).
    shares : str
        Mixture weights, of shape (K,).
    exchangeable : bool
        Whether every order of the components has the same density.
    """

    means: str
    shares: str
    exchangeable: bool = True

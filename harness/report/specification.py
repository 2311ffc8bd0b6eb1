"""What a table is declared by: its columns, each with its key, value, format and definition."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from harness.report.dataset import DatasetTables
from harness.report.grid import Cell, Grid, Head, Row, brief_grid, make_grid


@dataclass(frozen=True)
class Column[T]:
    """A column of a table with a row for each `T`.

    Attributes
    ----------
    key : str
        Its name in code.
    title : str
        Its heading.
    cell : callable
        Where its value comes from and how it is written: a row to a cell, or a cell's text.
    meaning : str
        Its definition; empty if it needs none.
    is_text : bool
        Whether it is aligned left.
    """

    key: str
    title: str
    cell: Callable[[T], Cell | str]
    meaning: str = ""
    is_text: bool = False

    @property
    def head(self) -> Head:
        """What stands above its cells."""
        return Head(self.key, self.title, is_text=self.is_text, meaning=self.meaning)


def _no_rows(_: DatasetTables) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class ReportTable[T]:
    """A table of the report with a row for each `T`.

    Attributes
    ----------
    kind : str
        The stem of its file's name, and the key of its note.
    title : str
        Its heading.
    sources : tuple of str
        The saved tables that its numbers come from.
    columns : tuple of Column
        The first one names the row.
    rows : callable
        The rows of a data set.
    all_rows : callable or None
        The rows of the longer table behind it, if there is one.
    keeps_columns : bool
        Whether columns that apply to none of the rows are shown too.
    """

    kind: str
    title: str
    sources: tuple[str, ...]
    columns: tuple[Column[T], ...] = field(kw_only=True)
    rows: Callable[[DatasetTables], Iterable[T]] = field(kw_only=True, default=_no_rows)
    all_rows: Callable[[DatasetTables], Iterable[T]] | None = field(kw_only=True, default=None)
    keeps_columns: bool = field(kw_only=True, default=False)

    def grid(self, tables: DatasetTables) -> Grid | None:
        """Return the table of a data set, None without rows."""
        return self.grid_of(self.rows(tables))

    def whole_grid(self, tables: DatasetTables) -> Grid | None:
        """Return the longer table behind it, None if there is none."""
        return None if self.all_rows is None else self.grid_of(self.all_rows(tables))

    def grid_of(self, items: Iterable[T]) -> Grid | None:
        """Return a table of some rows, None without any."""
        rows: list[Row] = [[column.cell(item) for column in self.columns] for item in items]
        heads = [column.head for column in self.columns]
        if self.keeps_columns:
            return make_grid(heads, rows)
        return brief_grid(heads, rows)

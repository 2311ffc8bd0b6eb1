"""Tables of a report before they are HTML, and as Markdown (pure)."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from harness.results.columns import NOT_APPLICABLE

#: What stands where a source printed nothing, or a run has no such parameter.
ABSENT = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a table says in one place.

    Attributes
    ----------
    text : str
        As it is read.
    value : float or None
        The number that the text shows, as it stands in the saved tables or is computed from them,
        before it was rounded; None of a text that shows none.
    verdict : str
        The verdict that the text tells, of several the worst; empty if it tells none.
    reason : str
        Of a verdict the whole sentence, empty where it stands elsewhere.
    target : str
        The row of the table of reasons where the sentence stands.
    """

    text: str
    value: float | None = None
    verdict: str = ""
    reason: str = ""
    target: str = ""

    def __str__(self) -> str:
        """Return the text."""
        return self.text


#: The cells of a row while it is made; a string is a cell's text.
Row = list[Cell | str]


@dataclass(frozen=True)
class Head:
    """A column of a table.

    Attributes
    ----------
    key : str
        Its name in code.
    title : str
        What stands above it.
    is_text : bool
        Whether it is aligned left.
    meaning : str
        Its definition; empty if it needs none.
    """

    key: str
    title: str
    is_text: bool = False
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Columns and cells of a table.

    Attributes
    ----------
    columns : tuple of Head
        The first column names the row.
    rows : tuple of tuple of Cell
        A cell for each column.
    is_sortable : bool
        Whether rows stand by themselves, so that they may be put in another order.
    row_ids : tuple of str
        A name for each row, for links to it; empty without links.
    """

    columns: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_sortable: bool = True
    row_ids: tuple[str, ...] = ()

    @property
    def spans(self) -> tuple[int, ...]:
        """How many rows the first cell of each row names: 0 where the one above does."""
        named = [i for i, row in enumerate(self.rows) if i == 0 or self.is_sortable or row[0].text]
        ends = [*named[1:], len(self.rows)]
        spans = dict(zip(named, (b - a for a, b in zip(named, ends, strict=True)), strict=True))
        return tuple(spans.get(i, 0) for i in range(len(self.rows)))

    @property
    def n_named(self) -> int:
        """Rows, those of one name counted once."""
        return sum(span > 0 for span in self.spans)


def number(value: float | None, show: Callable[[float], str]) -> Cell:
    """Return a cell that shows a number.

    Parameters
    ----------
    value : float or None
        None and NaN do not apply.
    show : callable
        Number to text.

    Returns
    -------
    Cell
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN, of whatever type
        return Cell(text=NOT_APPLICABLE)
    return Cell(text=show(value), value=float(value))


def make_grid(
    columns: Iterable[Head | str],
    rows: Iterable[Iterable[Cell | str]],
    *,
    text_columns: Container[int] = (),
    is_sortable: bool = True,
) -> Grid:
    """Return a table with all its columns.

    Parameters
    ----------
    columns : iterable of Head or str
        A string is key and title.
    rows : iterable of iterable of Cell or str
        A string is a cell's text.
    text_columns : container of int
        Further columns that are aligned left; the first always is.
    is_sortable : bool
        Whether rows stand by themselves.

    Returns
    -------
    Grid
    """
    heads = [Head(item, item) if isinstance(item, str) else item for item in columns]
    return Grid(
        columns=tuple(
            replace(item, is_text=item.is_text or i == 0 or i in text_columns)
            for i, item in enumerate(heads)
        ),
        rows=tuple(
            tuple(Cell(text=item) if isinstance(item, str) else item for item in row)
            for row in rows
        ),
        is_sortable=is_sortable,
    )


def brief_grid(
    columns: Sequence[Head | str],
    rows: Sequence[Sequence[Cell | str]],
    *,
    text: Collection[str] = (),
) -> Grid | None:
    """Return a table without the columns that apply to none of its rows.

    Parameters
    ----------
    columns : sequence of Head or str
        The first always stays.
    rows : sequence of sequence of Cell or str
        Cells.
    text : collection of str
        Keys of further columns that are aligned left.

    Returns
    -------
    Grid or None
        None without rows.
    """
    if not rows:
        return None
    whole = make_grid(columns, rows)
    nothing = {NOT_APPLICABLE, ABSENT}
    kept = [
        i
        for i in range(len(whole.columns))
        if i == 0 or any(row[i].text not in nothing for row in whole.rows)
    ]
    return make_grid(
        [whole.columns[i] for i in kept],
        [[row[i] for i in kept] for row in whole.rows],
        text_columns=[at for at, i in enumerate(kept) if whole.columns[i].key in text],
    )


def rows_by_title(grids: Iterable[Grid | None]) -> dict[str, Mapping[str, Cell]]:
    """Put tables with a row for the same things beside one another.

    Parameters
    ----------
    grids : iterable of Grid or None
        Their first columns have the titles of rows.

    Returns
    -------
    dict
        By title of a row its cells by key; of a key that two tables have, the later one's.
    """
    found: dict[str, dict[str, Cell]] = {}
    for grid in filter(None, grids):
        for row in grid.rows:
            cells = {head.key: cell for head, cell in zip(grid.columns, row, strict=True)}
            found.setdefault(row[0].text, {}).update(cells)
    return dict(found)


def markdown_table(grid: Grid) -> str:
    """Return a Markdown table, aligned right but for its columns of text."""
    text: str = tabulate(
        [[escape(cell.text) for cell in row] for row in grid.rows],
        headers=[escape(head.title) for head in grid.columns],
        tablefmt="pipe",
        colalign=["left" if head.is_text else "right" for head in grid.columns],
        disable_numparse=True,
    )
    return text


def escape(text: str) -> str:
    """Return text that stays within its cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")

"""Tables of a report before they are Markdown or HTML (pure)."""

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass

from harness.table import NOT_APPLICABLE

#: What stands where a source printed nothing, or a run has no such parameter.
ABSENT = ""

#: Marks ``n/a`` in tables of diagnostics; explained below them.
NOTE_MARK = "¹"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Heads and cells of a table; cells may be texts that know more than they show.

    Attributes
    ----------
    head : tuple of str
        A head for each column; the first column names the row.
    rows : tuple of tuple of str
        Cells.
    text : frozenset of int
        Columns of text, which are aligned left.
    is_sortable : bool
        Whether rows stand by themselves, so that they may be put in another order.
    row_ids : tuple of str
        A name for each row, for links to it; empty without links.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: frozenset[int] = frozenset({0})
    is_sortable: bool = True
    row_ids: tuple[str, ...] = ()

    @property
    def spans(self) -> tuple[int, ...]:
        """How many rows the first cell of each row names: 0 where the one above does."""
        named = [i for i, row in enumerate(self.rows) if i == 0 or self.is_sortable or row[0]]
        ends = [*named[1:], len(self.rows)]
        spans = dict(zip(named, (b - a for a, b in zip(named, ends, strict=True)), strict=True))
        return tuple(spans.get(i, 0) for i in range(len(self.rows)))

    @property
    def n_named(self) -> int:
        """Rows, those of one name counted once."""
        return sum(span > 0 for span in self.spans)


def make_grid(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text_columns: Container[int] = (0,),
    is_sortable: bool = True,
) -> Grid:
    """Return a table with all its columns."""
    return Grid(
        head=tuple(head),
        rows=tuple(tuple(row) for row in rows),
        text=frozenset(i for i in range(len(head)) if i in text_columns),
        is_sortable=is_sortable,
    )


def brief_grid(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, text: Collection[str] = ()
) -> Grid | None:
    """Return a table without the columns that apply to none of its rows.

    Parameters
    ----------
    head : sequence of str
        Heads; the first column always stays.
    rows : sequence of sequence of str
        Cells.
    text : collection of str
        Heads of further columns of text, which are aligned left.

    Returns
    -------
    Grid or None
        None without rows.
    """
    if not rows:
        return None
    nothing = {NOT_APPLICABLE, ABSENT}
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] not in nothing for row in rows)]
    return make_grid(
        [head[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        text_columns=[at for at, i in enumerate(kept) if i == 0 or head[i] in text],
    )

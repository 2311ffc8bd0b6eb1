"""Markdown tables."""

from collections.abc import Collection, Container, Sequence

from tabulate import tabulate

from harness.report.numbers import escape
from harness.table import NOT_APPLICABLE

#: What stands where a source printed nothing, or a run has no such parameter.
ABSENT = ""

#: Marks ``n/a`` in tables of diagnostics; explained below them.
NOTE_MARK = "¹"


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: Container[int] = (0,)
) -> str:
    """Return a Markdown table, aligned right but for its columns of text."""
    cells = [[escape(cell) for cell in row] for row in rows]
    text: str = tabulate(
        cells,
        headers=[escape(cell) for cell in head],
        tablefmt="pipe",
        colalign=["left" if i in text_columns else "right" for i in range(len(head))],
        disable_numparse=True,
    )
    return text


def brief_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, text: Collection[str] = ()
) -> str:
    """Return a Markdown table without the columns that apply to none of its rows.

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
    str
        Empty without rows.
    """
    if not rows:
        return ""
    nothing = {NOT_APPLICABLE, ABSENT}
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] not in nothing for row in rows)]
    return markdown_table(
        [head[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        text_columns=[at for at, i in enumerate(kept) if i == 0 or head[i] in text],
    )

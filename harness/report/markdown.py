"""Markdown tables."""

from tabulate import tabulate

from harness.report.grid import Grid
from harness.report.numbers import escape


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

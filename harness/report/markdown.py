"""Markdown tables."""

from tabulate import tabulate

from harness.report.grid import Grid
from harness.report.numbers import escape


def markdown_table(grid: Grid) -> str:
    """Return a Markdown table, aligned right but for its columns of text."""
    text: str = tabulate(
        [[escape(cell) for cell in row] for row in grid.rows],
        headers=[escape(cell) for cell in grid.head],
        tablefmt="pipe",
        colalign=["left" if i in grid.text else "right" for i in range(len(grid.head))],
        disable_numparse=True,
    )
    return text

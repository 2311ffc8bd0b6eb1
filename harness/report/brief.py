"""A study's results in a few lines, for a README."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import ResultsError
from harness.report.dataset import DatasetTables, dataset_tables
from harness.report.grid import Grid, make_grid
from harness.report.markdown import markdown_table
from harness.report.matrix import matrix_grids
from harness.report.notes import BRIEF
from harness.report.results import Results, read_results
from harness.report.verdicts import verdict_table
from harness.report.weights import weights_table
from harness.table import NOT_APPLICABLE

#: Columns of the report's tables, R-hat or k-hat between them.
_BEFORE = ("series", "fit (s)", "speed")
_AFTER = ("bulk ESS", "largest mean error (reference sds)", "sd ratios", "verdict")


def brief_results(
    folder: Path, *, series: Mapping[str, Sequence[str]], figure: str, seen_from: Path
) -> str:
    """Return a table for each data set, and a figure, in Markdown.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.
    series : Mapping
        By data set the titles of the rows, as the report has them, in this order.
    figure : str
        The stem of a saved figure's name.
    seen_from : Path
        The folder of the page, for its links.

    Returns
    -------
    str
        All numbers are those of the saved tables.

    Raises
    ------
    ResultsError
        If a file is missing or damaged, or a row or the figure is not there.
    """
    results = read_results(folder)
    here = Path(os.path.relpath(folder, seen_from)).as_posix()
    parts = []
    for name, titles in series.items():
        tables = dataset_tables(results, name)
        parts.append(f"**`{name}`, {tables.n_rows:,} rows**")
        parts.append(markdown_table(_brief_grid(tables, titles)))
    parts.append(BRIEF)
    parts.append(_picture(results, figure, here))
    return "\n\n".join(parts)


def _brief_grid(tables: DatasetTables, titles: Sequence[str]) -> Grid:
    """Return some rows and columns of the report's tables."""
    found: dict[str, dict[str, str]] = {}
    for grid in (matrix_grids(tables)[0], verdict_table(tables), weights_table(tables)):
        for row in grid.rows if grid is not None else ():
            assert grid is not None  # noqa: S101 - it has a row
            found.setdefault(row[0], {}).update(zip(grid.head, row, strict=True))
    for title in titles:
        if title not in found:
            raise ResultsError(
                f"data set '{tables.name}' has no row '{title}'; it has: {', '.join(found)}"
            )
    rows = [_cells(found[title]) for title in titles]
    head = (*_BEFORE, "R-hat or k-hat", *_AFTER)
    return make_grid(head, rows, text_columns=(0, len(head) - 1))


def _cells(row: Mapping[str, str]) -> list[str]:
    """Return the cells of a row: R-hat of chains, k-hat of approximations."""
    known = {head: cell for head, cell in row.items() if cell != NOT_APPLICABLE}
    check = next((f"{head} {known[head]}" for head in ("R-hat", "k-hat") if head in known), None)
    before, after = ([row.get(head, NOT_APPLICABLE) for head in part] for part in (_BEFORE, _AFTER))
    return [*before, check or NOT_APPLICABLE, *after]


def _picture(results: Results, name: str, here: str) -> str:
    """Return a figure with its alt text and caption."""
    found = next((item for item in results.figures if item.name == name), None)
    if found is None:
        raise ResultsError(f"there is no figure '{name}' in '{here}'; run the study again")
    return f"![{found.alt}]({here}/{found.path})\n\n*{found.caption}*"

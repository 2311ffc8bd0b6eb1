"""A study's results in a few lines, for a README."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import ResultsError
from harness.report.dataset import DatasetTables, dataset_tables
from harness.report.grid import Cell, Grid, Head, make_grid, rows_by_title
from harness.report.markdown import markdown_table
from harness.report.matrix import matrix_grids
from harness.report.notes import BRIEF
from harness.report.results import Results, read_results
from harness.report.verdicts import verdict_table
from harness.report.weights import weights_table
from harness.table import NOT_APPLICABLE

#: Columns of the report's tables, that of R-hat or k-hat made of two.
_CHECK = Head("check", "R-hat or k-hat")
_COLUMNS = (
    Head("series", "series"),
    Head("fit_time_s", "fit (s)"),
    Head("speed", "speed"),
    _CHECK,
    Head("ess_bulk", "bulk ESS"),
    Head("mean_error", "largest mean error (reference sds)"),
    Head("sd_ratios", "sd ratios"),
    Head("verdict", "verdict", is_text=True),
)


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
    found = rows_by_title((matrix_grids(tables)[0], verdict_table(tables), weights_table(tables)))
    for title in titles:
        if title not in found:
            raise ResultsError(
                f"data set '{tables.name}' has no row '{title}'; it has: {', '.join(found)}"
            )
    return make_grid(_COLUMNS, [_cells(found[title]) for title in titles])


def _cells(row: Mapping[str, Cell]) -> list[Cell]:
    """Return the cells of a row: R-hat of chains, k-hat of approximations."""
    nothing = Cell(text=NOT_APPLICABLE)
    checks = [
        Cell(text=f"{title} {row[key]}", value=row[key].value)
        for key, title in (("r_hat", "R-hat"), ("k_hat", "k-hat"))
        if row.get(key, nothing) != nothing
    ]
    known = {**row, _CHECK.key: checks[0] if checks else nothing}
    return [known.get(head.key, nothing) for head in _COLUMNS]


def _picture(results: Results, name: str, here: str) -> str:
    """Return a figure with its alt text and caption."""
    found = next((item for item in results.figures if item.name == name), None)
    if found is None:
        raise ResultsError(f"there is no figure '{name}' in '{here}'; run the study again")
    return f"![{found.alt}]({here}/{found.path})\n\n*{found.caption}*"

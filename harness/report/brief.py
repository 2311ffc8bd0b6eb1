"""A study's results for a README: a picture and a small table."""

import html
import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ResultsError
from harness.report.dataset import DatasetTables, dataset_tables
from harness.report.grid import Cell, Grid, Head, make_grid, markdown_table, rows_by_title
from harness.report.matrix import matrix_grids
from harness.report.notes import BRIEF
from harness.report.results import read_results
from harness.report.tables import VERDICT
from harness.results.columns import NOT_APPLICABLE

#: Columns of the report's tables.
_COLUMNS = (
    Head("series", "series"),
    Head("fit_time_s", "fit (s)"),
    Head("speed", "speed"),
    Head("mean_error", "largest mean error (reference sds)"),
    Head("sd_ratios", "sd ratios"),
    Head("verdict", "verdict", is_text=True),
)

#: The width of the picture in pixels, so that it fits on the first screen with what precedes it.
_WIDTH = 560


def brief_results(folder: Path, *, dataset: str, series: Sequence[str]) -> str:
    """Return a table of some series of one data set, in Markdown.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.
    dataset : str
        The data set's name.
    series : sequence of str
        The titles of the rows, as in the report, in the order to show.

    Returns
    -------
    str
        All numbers come from the saved tables.

    Raises
    ------
    ResultsError
        If a file is missing or damaged, or there is no such row.
    """
    tables = dataset_tables(read_results(folder), dataset)
    return f"{markdown_table(_brief_grid(tables, series))}\n\n{BRIEF}"


def brief_picture(folder: Path, *, figure: str, seen_from: Path) -> str:
    """Return a figure of a study with its caption, in Markdown.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.
    figure : str
        The stem of the saved figure's name.
    seen_from : Path
        The folder of the page that shows it.

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If a file is missing or damaged, or there is no such figure.
    """
    here = Path(os.path.relpath(folder, seen_from)).as_posix()
    found = next((item for item in read_results(folder).figures if item.name == figure), None)
    if found is None:
        raise ResultsError(f"there is no figure '{figure}' in '{here}'; run the study again")
    alt = html.escape(found.alt)
    image = f'<img src="{here}/{found.path}" width="{_WIDTH}" alt="{alt}">'
    return f"{image}\n\n*{found.caption}*"


def _brief_grid(tables: DatasetTables, titles: Sequence[str]) -> Grid:
    """Return some rows and columns of the report's tables."""
    found = rows_by_title((matrix_grids(tables)[0], VERDICT.grid(tables)))
    for title in titles:
        if title not in found:
            raise ResultsError(
                f"data set '{tables.name}' has no row '{title}'; its rows are: {', '.join(found)}"
            )
    nothing = Cell(text=NOT_APPLICABLE)
    rows = [[found[title].get(head.key, nothing) for head in _COLUMNS] for title in titles]
    return make_grid(_COLUMNS, rows)

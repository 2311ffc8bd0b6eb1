"""What may be trusted, on the console: the report's verdicts, a line per series of replicates."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness.cli.console import OUT
from harness.cli.tables import print_table
from harness.report import Results, write_report
from harness.report.dataset import DatasetTables, SeriesTables, dataset_tables
from harness.report.grid import Cell, Grid, Head, brief_grid, rows_by_title
from harness.report.leaderboard import leaderboard_grid, leaderboard_table, posteriors_table
from harness.report.matrix import matrix_grids
from harness.report.numbers import median_range, significant
from harness.report.tables import VERDICT
from harness.report.verdicts import subject
from harness.results.columns import NOT_APPLICABLE
from harness.results.folder import open_results_folder
from harness.study.published import read_published
from harness.study.series import MOST_IN_FULL

#: Errors of more means than these are left to the tables.
MOST_ERRORS = 12

#: Columns of the report's tables that are shown, where they apply; the longest comes last.
_SHOWN = (
    Head("series", "series"),
    Head("verdict", "verdict"),
    Head("mean_error", "largest mean error (reference sds)"),
    Head("fit_time_s", "fit (s)"),
    Head("speed", "speed"),
    Head("decided", "what decided"),
)


#: The same for draws that were given, which may be chains without a reference.
_SHOWN_OF_DRAWS = (
    *_SHOWN[:3],
    Head("of", "of"),
    Head("sd_ratios", "sd ratios"),
    Head("r_hat", "R-hat"),
    Head("ess_bulk", "bulk ESS"),
    Head("k_hat", "k-hat (limit)"),
    Head("decided", "what decided"),
)


def print_judged(results: Results) -> None:
    """Print the verdicts on draws that were given.

    Parameters
    ----------
    results : Results
        The tables, saved or not.
    """
    for tables in _tables(results):
        _print_verdicts_on(tables, _SHOWN_OF_DRAWS)


def print_verdicts(results: Results) -> None:
    """Print the verdicts on the fits of each data set, of many data sets how many have which.

    Parameters
    ----------
    results : Results
        What a study left.
    """
    every = _tables(results)
    if len(every) > MOST_IN_FULL:
        grid = leaderboard_grid(leaderboard_table(posteriors_table(every)))
        _print_grid(f"Verdicts on {len(every)} data sets; the report has each, and why", grid)
        return
    for i, tables in enumerate(every):
        _print_verdicts_on(tables, explains_speed=i == 0)


def _tables(results: Results) -> list[DatasetTables]:
    """Return what each data set has."""
    return [dataset_tables(results, name) for name in results.datasets]


def _print_verdicts_on(
    tables: DatasetTables, shown: Sequence[Head] = _SHOWN, *, explains_speed: bool = True
) -> None:
    """Print the verdicts on the fits of one data set."""
    rows = rows_by_title((matrix_grids(tables)[0], VERDICT.grid(tables)))
    nothing = Cell(text=NOT_APPLICABLE)
    cells = [[row.get(head.key, nothing) for head in shown] for row in rows.values()]
    grid = brief_grid(shown, cells)
    if grid is not None:
        told = subject(tables, before_clause=": ", explains_speed=explains_speed)
        _print_grid(f"Verdicts on {told.replace('`', '')}", grid)


def _print_grid(title: str, grid: Grid) -> None:
    """Print a table of the report."""
    heads = [head.title for head in grid.columns]
    print_table(title, heads, [[cell.text for cell in row] for row in grid.rows])


def print_verdicts_and_errors(results: Results) -> None:
    """Print the verdicts, and the error of each mean in reference sds.

    Parameters
    ----------
    results : Results
        What a study left.
    """
    every = _tables(results)
    for tables in every:
        _print_verdicts_on(tables)
    for tables in every:
        _print_errors_on(tables)


def _print_errors_on(tables: DatasetTables) -> None:
    """Print the error of each mean of one data set; of many the largest, and how many there are."""
    compared = tables.compared
    if not compared:
        return
    sizes = pd.concat([_error_sizes(series) for series in compared], axis=1).max(axis=1).dropna()
    title = f"Mean errors on {tables.name} (reference sds)"
    if len(sizes) > MOST_ERRORS:
        title += f": the {MOST_ERRORS} largest of {len(sizes):,}; comparison.csv has all"
        sizes = sizes.sort_values(ascending=False, kind="stable").iloc[:MOST_ERRORS]
    names = [str(name) for name in sizes.index]
    columns = [_mean_errors(series, names) for series in compared]
    print_table(
        title,
        ["parameter", *(series.title for series in compared)],
        [[name, *(column.get(name, NOT_APPLICABLE) for column in columns)] for name in names],
    )


def _error_sizes(series: SeriesTables) -> pd.Series:
    """Return the size of the error of each mean, of replicates the largest."""
    errors = series.judged.set_index("parameter")["mean_error_sd"].astype(float).abs()
    return errors.groupby(level=0, sort=False).max()


def _mean_errors(series: SeriesTables, names: Sequence[str]) -> dict[str, str]:
    """Return the error of some means, of replicates the median and the range."""
    rows = series.judged[series.judged["parameter"].isin(names)]
    groups = rows.groupby("parameter", sort=False)["mean_error_sd"]
    return {str(name): median_range(values, significant).text for name, values in groups}


def rewrite_report(folder: Path, published: Path | None) -> None:
    """Write a report again.

    Parameters
    ----------
    folder : Path
        ``results/<study>``, with the tables of an earlier run.
    published : Path or None
        The file of numbers from elsewhere that the study names.
    """
    open_results_folder(folder)
    write_report(folder, published=read_published(published) if published else None)
    OUT.print(f"wrote {folder / 'report.html'} and report.md", markup=False)

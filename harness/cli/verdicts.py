"""What may be trusted, on the console: the report's verdicts, a line per series of replicates."""

from pathlib import Path

from harness.cli.tables import print_table
from harness.report.dataset import DatasetTables, SeriesTables, dataset_tables
from harness.report.numbers import median_range, significant
from harness.report.results import read_results
from harness.report.verdicts import subject, verdict_table
from harness.table import NOT_APPLICABLE

#: Columns of the report's table that are shown, where they apply; the longest comes last.
_SHOWN = (
    *("series", "verdict", "largest mean error (reference sds)", "fit (s)", "speed"),
    "what decided",
)


def print_verdicts(folder: Path) -> None:
    """Print the verdicts on the fits of each data set.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.
    """
    for tables in _tables(folder):
        _print_verdicts_on(tables)


def _tables(folder: Path) -> list[DatasetTables]:
    """Read what each data set has."""
    results = read_results(folder)
    return [dataset_tables(results, name) for name in results.datasets]


def _print_verdicts_on(tables: DatasetTables) -> None:
    """Print the verdicts on the fits of one data set."""
    grid = verdict_table(tables)
    if grid is not None:
        heads = [head for head in _SHOWN if head in grid.head]
        at = [grid.head.index(head) for head in heads]
        title = f"Verdicts on {subject(tables).replace('`', '')}"
        print_table(title, heads, [[row[i] for i in at] for row in grid.rows])


def print_verdicts_and_errors(folder: Path) -> None:
    """Print the verdicts, and the error of each mean in reference sds.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.
    """
    every = _tables(folder)
    for tables in every:
        _print_verdicts_on(tables)
    for tables in every:
        _print_errors_on(tables)


def _print_errors_on(tables: DatasetTables) -> None:
    """Print the error of each mean of one data set."""
    columns = [_mean_errors(series) for series in tables.compared]
    parameters = dict.fromkeys(parameter for column in columns for parameter in column)
    if parameters:
        print_table(
            f"Mean errors on {tables.name} (reference sds)",
            ["parameter", *(series.title for series in tables.compared)],
            [[key, *(column.get(key, NOT_APPLICABLE) for column in columns)] for key in parameters],
        )


def _mean_errors(series: SeriesTables) -> dict[str, str]:
    """Return the error of each mean, of replicates the median and the range."""
    groups = series.judged.groupby("parameter", sort=False)["mean_error_sd"]
    return {str(name): median_range(values, significant) for name, values in groups}

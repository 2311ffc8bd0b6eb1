"""What fits cost, and what they gave for it."""

from harness.report.dataset import DatasetTables
from harness.report.grid import Grid, brief_grid
from harness.report.numbers import compact, count, median_range, seconds

_COSTS = (
    ("compile (s)", "compile_time_s", seconds),
    ("adapt (s)", "adapt_time_s", seconds),
    ("run (s)", "run_time_s", seconds),
    ("fit (s)", "fit_time_s", seconds),
    ("gradients", "n_gradients", compact),
    ("row gradients", "n_row_gradients", compact),
    ("ESS", "ess", count),
    ("ESS per s", "ess_per_s", compact),
    ("ESS per gradient", "ess_per_gradient", compact),
    ("time to error 0.1 sd (s)", "time_to_error_s", seconds),
)


def cost_table(tables: DatasetTables) -> Grid | None:
    """Return times, gradients and effective draws of each series.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        Of replicates the median and range.  None where no run gave a fit.
    """
    rows = [
        [series.head, *(median_range(series.ok[column], show) for _, column, show in _COSTS)]
        for series in tables.series
        if not series.ok.empty
    ]
    return brief_grid(("series", *(title for title, _, _ in _COSTS)), rows)

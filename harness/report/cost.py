"""What fits cost, and what they gave for it."""

from harness.report.dataset import DatasetTables
from harness.report.grid import Grid, Head, Row, brief_grid
from harness.report.numbers import compact, count, median_range, seconds

_COSTS = (
    (Head("compile_time_s", "compile (s)"), seconds),
    (Head("adapt_time_s", "adapt (s)"), seconds),
    (Head("run_time_s", "run (s)"), seconds),
    (Head("fit_time_s", "fit (s)"), seconds),
    (Head("n_gradients", "gradients"), compact),
    (Head("n_row_gradients", "row gradients"), compact),
    (Head("ess", "ESS"), count),
    (Head("ess_per_s", "ESS per s"), compact),
    (Head("ess_per_gradient", "ESS per gradient"), compact),
    (Head("time_to_error_s", "time to error 0.1 sd (s)"), seconds),
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
    rows: list[Row] = [
        [series.head, *(median_range(series.ok[head.key], show) for head, show in _COSTS)]
        for series in tables.series
        if not series.ok.empty
    ]
    return brief_grid([Head("series", "series"), *(head for head, _ in _COSTS)], rows)

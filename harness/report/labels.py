"""What the names of mixture components do to a fit."""

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, Head, Row, brief_grid
from harness.report.numbers import count, median_range, r_hat
from harness.results.columns import NOT_APPLICABLE


def labels_table(tables: DatasetTables) -> Grid | None:
    """Return R-hat under each way of naming components, and the orders and modes visited.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where no program has components.
    """
    columns = (
        Head("series", "series"),
        Head("r_hat_max_raw", "largest R-hat, raw"),
        Head("r_hat_max_relabelled", "relabelled"),
        Head("r_hat_max_invariant", "label-invariant"),
        Head("n_label_orders", "label orders visited"),
        Head("symmetric_mode", "symmetric modes covered", is_text=True),
    )
    rows: list[Row] = [
        [
            series.head,
            *(median_range(series.ok[head.key], r_hat) for head in columns[1:4]),
            median_range(series.ok["n_label_orders"], count),
            _covered(series),
        ]
        for series in tables.series
        if series.ok["n_label_orders"].notna().any()
    ]
    return brief_grid(columns, rows)


def _covered(series: SeriesTables) -> str:
    """Flag approximations of one of several modes that are relabellings of each other."""
    if series.are_chains:
        return NOT_APPLICABLE
    flagged = int(series.ok["symmetric_mode"].fillna(value=False).sum())
    if flagged == 0:
        return NOT_APPLICABLE
    return "one of several" + (f" ({flagged} of {series.n_runs})" if series.n_runs > 1 else "")

"""What the names of mixture components do to a fit."""

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, brief_grid
from harness.report.numbers import count, fixed, median_range
from harness.table import NOT_APPLICABLE


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
    head = (
        "series",
        "largest R-hat, raw",
        "relabelled",
        "label-invariant",
        "label orders visited",
        "symmetric modes covered",
    )
    rows = [
        [
            series.head,
            *(
                median_range(series.ok[f"r_hat_max_{labels}"], lambda value: fixed(value, 2))
                for labels in ("raw", "relabelled", "invariant")
            ),
            median_range(series.ok["n_label_orders"], count),
            _covered(series),
        ]
        for series in tables.series
        if series.ok["n_label_orders"].notna().any()
    ]
    return brief_grid(head, rows, text=("symmetric modes covered",))


def _covered(series: SeriesTables) -> str:
    """Flag approximations of one of several modes that are relabellings of each other."""
    if series.are_chains:
        return NOT_APPLICABLE
    flagged = int(series.ok["symmetric_mode"].fillna(value=False).sum())
    if flagged == 0:
        return NOT_APPLICABLE
    return "one of several" + (f" ({flagged} of {series.n_runs})" if series.n_runs > 1 else "")

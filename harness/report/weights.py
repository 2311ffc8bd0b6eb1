"""Importance weights: how far each approximation can be corrected by its own density."""

from collections.abc import Callable

import pandas as pd

from harness.messages.numerals import beside_limit
from harness.report.dataset import DatasetTables
from harness.report.grid import Cell, Grid, Head, Row, brief_grid
from harness.report.numbers import count, known, median_range, significant

_COLUMNS = (
    (Head("k_hat", "k-hat"), significant),
    (Head("k_hat_threshold", "limit"), significant),
    (Head("n_effective", "effective draws"), count),
)


def weights_table(tables: DatasetTables) -> Grid | None:
    """Return k-hat, its limit and the effective draws under importance weights.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where no fit has weights.
    """
    rows: list[Row] = [
        [
            series.head,
            *(_cell(series.ok, head.key, show) for head, show in _COLUMNS),
            _kept(series.ok["k_hat"].tolist(), series.ok["k_hat_threshold"].tolist()),
        ]
        for series in tables.series
        if known(series.ok["k_hat"])
    ]
    heads = [head for head, _ in _COLUMNS]
    return brief_grid([Head("series", "series"), *heads, Head("kept", "within the limit")], rows)


def _cell(fits: pd.DataFrame, column: str, show: Callable[[float], str]) -> Cell:
    """Return a column's median and range; k-hat of a single fit and its limit read true."""
    pair = known(fits[["k_hat", "k_hat_threshold"]].iloc[0]) if len(fits) == 1 else []
    if len(pair) == 2 and column != "n_effective":
        shown = beside_limit(pair[0], pair[1], digits=2)
        at = 0 if column == "k_hat" else 1
        return Cell(text=shown[at], value=pair[at])
    return median_range(fits[column], show)


def _kept(k_hats: list[object], limits: list[object]) -> str:
    """Say whether k-hat is within its limit, of replicates of how many."""
    pairs = [known(pair) for pair in zip(k_hats, limits, strict=True)]
    n_kept = sum(len(pair) == 2 and pair[0] <= pair[1] for pair in pairs)
    if len(pairs) == 1:
        return "yes" if n_kept else "no"
    return f"{n_kept} of {len(pairs)}"

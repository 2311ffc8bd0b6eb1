"""Whether replicates agree."""

import math

import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, Head, Row, brief_grid, number
from harness.report.numbers import compact, count, fixed, known, significant, with_error
from harness.results.columns import NOT_APPLICABLE

_HEAD = (
    Head("series", "series"),
    Head("labels", "labels", is_text=True),
    Head("parameter", "parameter", is_text=True),
    Head("n_runs", "runs"),
    Head("within_sd", "within sd"),
    Head("between_sd", "between sd"),
    Head("between_sd_ratio", "ratio ± se"),
    Head("expected_sd_ratio", "expected ratio"),
    Head("r_hat_runs", "R-hat across runs"),
    Head("failure_rate", "failure rate"),
    Head("n_retries", "retries"),
)
_NAMES = frozenset({"dataset", "program", "method", "variant", "labels", "parameter"})


def stability_table(tables: DatasetTables) -> Grid | None:
    """Return the spread of every series of replicates, every quantity.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None without replicates.
    """
    rows = [
        _cells(series, row)
        for series in tables.series
        for row in _records(_shown(series.stability, tables))
    ]
    return brief_grid(_HEAD, rows)


def worst_stability_table(tables: DatasetTables) -> Grid | None:
    """Return the spread of each series' least stable quantity, of those that are judged.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None without replicates.
    """
    rows = []
    for series in tables.series:
        mine = series.stability
        judged = mine[(mine["labels"] == series.judged_labels).fillna(value=False)]
        spread = judged["between_sd_ratio"]
        if spread.notna().any():
            mine = judged.loc[[spread.idxmax()]]
        rows += [_cells(series, row) for row in _records(mine.iloc[:1])]
    return brief_grid(_HEAD, rows)


def _shown(stability: pd.DataFrame, tables: DatasetTables) -> pd.DataFrame:
    """Return all rows of a series, or of very many those of the least stable quantities."""
    if tables.n_worst is None:
        return stability
    spread = stability["between_sd_ratio"].astype(float).fillna(0.0)
    return (
        stability.loc[spread.sort_values(ascending=False, kind="stable").index]
        .groupby("labels", sort=False, dropna=False)
        .head(tables.n_worst)
    )


def _records(table: pd.DataFrame) -> list[pd.Series]:
    """Return the rows of a table."""
    return [row for _, row in table.iterrows()]


def _cells(series: SeriesTables, row: pd.Series) -> Row:
    """Return one row's cells."""
    found = {str(name): known([row[name]]) for name in row.index if name not in _NAMES}
    value = {name: values[0] if values else None for name, values in found.items()}
    return [
        series.title,
        _text(row["labels"]) if series.has_components else NOT_APPLICABLE,
        _text(row["parameter"]),
        number(value["n_runs"], count),
        number(_root(value["within_variance"]), compact),
        number(_root(value["between_variance"]), compact),
        number(
            value["between_sd_ratio"],
            lambda ratio: with_error(ratio, value["between_sd_ratio_se"]),
        ),
        number(value["expected_sd_ratio"], significant),
        number(value["r_hat_runs"], lambda each: fixed(each, 2)),
        number(value["failure_rate"], lambda each: fixed(each, 2)),
        number(value["n_retries"], count),
    ]


def _text(value: object) -> str:
    """Return a name, ``n/a`` for a series without a spread."""
    return NOT_APPLICABLE if value is pd.NA else str(value)


def _root(variance: float | None) -> float | None:
    """Return an sd."""
    return None if variance is None else math.sqrt(variance)

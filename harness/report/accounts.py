"""Diagnostics that algorithms report of their runs, a row per run."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Cell, Grid, Head, Row, brief_grid, number
from harness.report.numbers import count, e_bfmi, fixed, plain, significant, with_error
from harness.results.columns import NOT_APPLICABLE

_Row = Mapping[Hashable, Any]


def _as_told(value: Any) -> Cell:
    """Return a cell as it stands."""
    return Cell(text=NOT_APPLICABLE if value is None else str(value))


def _yes_no(value: Any) -> Cell:
    """Return a flag in words."""
    return Cell(text=NOT_APPLICABLE if value is None else ("yes" if value else "no"))


def _with(show: Callable[[float], str]) -> Callable[[Any], Cell]:
    """Return what makes a cell of a number."""
    return lambda value: number(value, show)


def _elbo(value: float) -> str:
    return fixed(value, 2)


#: A column of ``fits.csv``, and what makes a cell of it.
_Columns = Sequence[tuple[Head, Callable[[Any], Cell]]]

_SAMPLER: _Columns = (
    (Head("n_divergent", "divergences"), _with(count)),
    (Head("tree_depth_max", "deepest tree"), _with(count)),
    (Head("n_tree_depth_limit", "at tree limit"), _with(count)),
    (Head("e_bfmi_min", "smallest E-BFMI"), _with(e_bfmi)),
    (Head("n_leapfrog", "leapfrog steps"), _with(count)),
    (Head("n_retries", "retries"), _with(count)),
)

_OPTIMISER: _Columns = (
    (Head("etas_tried", "etas tried", is_text=True), _as_told),
    (Head("eta", "eta"), _with(plain)),
    (Head("converged", "stopping rule met", is_text=True), _as_told),
    (Head("n_iterations", "iterations"), _with(count)),
    (Head("elbo", "ELBO"), _with(_elbo)),
    (Head("may_be_diverging", "may be diverging", is_text=True), _yes_no),
    (Head("k_hat_reported", "k-hat reported"), _with(significant)),
    (Head("n_retries", "retries"), _with(count)),
)


def sampler_table(tables: DatasetTables) -> Grid | None:
    """Return what NUTS says of its runs.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None without chains.
    """
    return _table([item for item in tables.series if item.are_chains], _SAMPLER)


def optimiser_table(tables: DatasetTables) -> Grid | None:
    """Return what ADVI and the other approximations say of their runs.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None without an approximation.
    """
    return _table([item for item in tables.series if not item.are_chains], _OPTIMISER)


def _table(series: Sequence[SeriesTables], columns: _Columns) -> Grid | None:
    """Return a row for each run with a fit."""
    rows: list[Row] = [
        [
            f"{item.title} #{row['replicate']}" if item.n_runs > 1 else item.title,
            *(_cell(row, head.key, show) for head, show in columns),
        ]
        for item in series
        for row in item.ok.to_dict("records")
    ]
    return brief_grid([Head("run", "run"), *(head for head, _ in columns)], rows)


def _cell(row: _Row, column: str, show: Callable[[Any], Cell]) -> Cell:
    """Return one of a run's cells."""
    value, error = row[column], row["elbo_mcse"]
    if column == "elbo" and not pd.isna(value) and not pd.isna(error):
        return number(value, lambda elbo: with_error(elbo, error))
    return show(None if pd.isna(value) else value)

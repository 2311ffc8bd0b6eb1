"""What algorithms say of their own runs, a row per run."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, brief_grid
from harness.report.numbers import count, fixed, plain, significant, with_error
from harness.table import NOT_APPLICABLE

_Row = Mapping[Hashable, Any]


def _as_told(value: Any) -> str:
    """Return a cell as it stands."""
    return NOT_APPLICABLE if value is None else str(value)


def _yes_no(value: Any) -> str:
    """Return a flag in words."""
    return NOT_APPLICABLE if value is None else ("yes" if value else "no")


_SAMPLER: Sequence[tuple[str, str, Callable[[Any], str]]] = (
    ("divergences", "n_divergent", count),
    ("deepest tree", "tree_depth_max", count),
    ("at tree limit", "n_tree_depth_limit", count),
    ("smallest E-BFMI", "e_bfmi_min", lambda value: fixed(value, 2)),
    ("leapfrog steps", "n_leapfrog", count),
    ("retries", "n_retries", count),
)

_OPTIMISER: Sequence[tuple[str, str, Callable[[Any], str]]] = (
    ("etas tried", "etas_tried", _as_told),
    ("eta", "eta", plain),
    ("stopping rule met", "converged", _as_told),
    ("iterations", "n_iterations", count),
    ("ELBO", "elbo", lambda value: fixed(value, 2)),
    ("may be diverging", "may_be_diverging", _yes_no),
    ("k-hat reported", "k_hat_reported", significant),
    ("retries", "n_retries", count),
)

_TEXT = ("etas tried", "stopping rule met", "may be diverging")


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


def _table(
    series: Sequence[SeriesTables], columns: Sequence[tuple[str, str, Callable[[Any], str]]]
) -> Grid | None:
    """Return a row for each run with a fit."""
    rows = [
        [
            f"{item.title} #{row['replicate']}" if item.n_runs > 1 else item.title,
            *_cells(row, columns),
        ]
        for item in series
        for row in item.ok.to_dict("records")
    ]
    return brief_grid(("run", *(title for title, _, _ in columns)), rows, text=_TEXT)


def _cells(row: _Row, columns: Sequence[tuple[str, str, Callable[[Any], str]]]) -> list[str]:
    """Return one run's cells."""
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    return [
        with_error(known["elbo"], known["elbo_mcse"])
        if column == "elbo" and known["elbo_mcse"]
        else show(known[column])
        for _, column, show in columns
    ]

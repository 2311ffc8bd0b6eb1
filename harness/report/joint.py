"""Distances of whole fits from the reference, all parameters together."""

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.grid import Cell, Grid, Head, Row, brief_grid, number
from harness.report.numbers import fixed, known, median_range, significant, with_error

# A distance, and the column of its Monte Carlo error or of what Monte Carlo error would give.
_DISTANCES = (
    (Head("mahalanobis", "Mahalanobis (null)"), "mahalanobis_null_95"),
    (Head("whitened_covariance_error", "covariance error (null)"), "whitened_covariance_null_95"),
    (Head("energy_distance", "energy distance"), "energy_distance_mcse"),
    (Head("mmd", "MMD²"), "mmd_mcse"),
    (Head("sliced_wasserstein", "sliced Wasserstein"), "sliced_wasserstein_mcse"),
    (Head("c2st_accuracy", "C2ST accuracy"), "c2st_mcse"),
    (Head("c2st_null_upper", "C2ST null"), ""),
    (Head("missed_mass", "missed mass"), ""),
    (Head("ksd", "KSD (null)"), "ksd_null"),
)


def joint_table(tables: DatasetTables) -> Grid | None:
    """Return the joint distances of each series.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        Of replicates the median and range.  None where no distance is known.
    """
    columns = [head.key for head, _ in _DISTANCES]
    rows: list[Row] = [
        [series.head, *(_cell(series.ok, head.key, beside) for head, beside in _DISTANCES)]
        for series in tables.series
        if series.ok[columns].notna().any(axis=None)
    ]
    return brief_grid([Head("series", "series"), *(head for head, _ in _DISTANCES)], rows)


def _cell(fits: pd.DataFrame, column: str, beside: str) -> Cell:
    """Return a distance with what stands beside it."""
    values = known(fits[column])
    if beside.endswith("_mcse") and len(values) == 1:
        error = next(iter(known(fits[beside])), None)
        return number(values[0], lambda value: with_error(value, error))
    cell = median_range(values, lambda value: fixed(value, 3) if value < 1 else significant(value))
    nulls = known(fits[beside]) if "null" in beside else []
    if not values or not nulls:
        return cell
    return Cell(text=f"{cell} ({significant(max(nulls))})", value=cell.value)

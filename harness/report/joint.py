"""Distances of whole fits from the reference, all parameters together."""

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.grid import Grid, brief_grid
from harness.report.numbers import fixed, known, median_range, retell, significant, with_error

# Title, column, and the column of its Monte Carlo error or of what Monte Carlo error would give.
_DISTANCES = (
    ("Mahalanobis (null)", "mahalanobis", "mahalanobis_null_95"),
    ("covariance error (null)", "whitened_covariance_error", "whitened_covariance_null_95"),
    ("energy distance", "energy_distance", "energy_distance_mcse"),
    ("MMD²", "mmd", "mmd_mcse"),
    ("sliced Wasserstein", "sliced_wasserstein", "sliced_wasserstein_mcse"),
    ("C2ST accuracy", "c2st_accuracy", "c2st_mcse"),
    ("C2ST null", "c2st_null_upper", ""),
    ("missed mass", "missed_mass", ""),
    ("KSD (null)", "ksd", "ksd_null"),
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
    columns = [name for _, name, _ in _DISTANCES]
    rows = [
        [series.head, *(_cell(series.ok, value, beside) for _, value, beside in _DISTANCES)]
        for series in tables.series
        if series.ok[columns].notna().any(axis=None)
    ]
    return brief_grid(("series", *(title for title, _, _ in _DISTANCES)), rows)


def _cell(fits: pd.DataFrame, column: str, beside: str) -> str:
    """Return a distance with what stands beside it."""
    values = known(fits[column])
    if beside.endswith("_mcse") and len(values) == 1:
        return with_error(values[0], next(iter(known(fits[beside])), None))
    text = median_range(values, lambda value: fixed(value, 3) if value < 1 else significant(value))
    nulls = known(fits[beside]) if "null" in beside else []
    return retell(f"{text} ({significant(max(nulls))})", text) if values and nulls else text

"""Errors against the reference, parameter by parameter."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.fits.quantities import INVARIANT, PSIS
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, Head, Row, brief_grid, number
from harness.report.numbers import count, fixed, known, median_range, significant, with_error
from harness.report.reasons import tally
from harness.report.worst import shown_rows

_HEAD = (
    Head("series", "series"),
    Head("draws", "draws", is_text=True),
    Head("parameter", "parameter", is_text=True),
    Head("mean_error", "mean error ± MCSE (reference sds)"),
    Head("sd_ratio", "sd ratio"),
    Head("w1_sd", "W1 (reference sds)"),
    Head("coverage_50", "coverage of 50%"),
    Head("coverage_90", "coverage of 90%"),
    Head("verdict", "verdict", is_text=True),
    Head("n_effective", "effective draws"),
)
_WEIGHTED = "PSIS-weighted"


def errors_table(tables: DatasetTables) -> Grid | None:
    """Return the errors of every series and parameter.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where nothing could be compared; of very many quantities the worst.  The
        quantities that the verdict rests on come first, then those that no renaming of
        components changes, then means corrected by importance weights.
    """
    rows = []
    for series in tables.compared:
        for draws, group in _groups(series):
            for name, replicates in shown_rows(group, tables).groupby("parameter", sort=False):
                rows.append(_cells(series, draws, str(name), replicates))
    return brief_grid(_HEAD, rows)


def worst_errors_table(tables: DatasetTables) -> Grid | None:
    """Return the errors of the parameter of each series whose mean is farthest off.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where nothing could be compared.
    """
    rows = []
    for series in tables.compared:
        for draws, group in _groups(series):
            sizes = group["mean_error_sd"].abs().groupby(group["parameter"], sort=False).median()
            if sizes.notna().any() and not (group["labels"] == INVARIANT).any():
                name = str(sizes.idxmax())
                rows.append(_cells(series, draws, name, group[group["parameter"] == name]))
    return brief_grid(_HEAD, rows)


def _groups(series: SeriesTables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the rows of a series that can be compared, with what tables call them."""
    yield series.judged_labels if series.has_components else "as drawn", series.judged
    for labels, title in ((INVARIANT, "label-invariant"), (PSIS, _WEIGHTED)):
        rows = series.labelled(labels)
        if not rows.empty:
            yield title, rows


def _cells(series: SeriesTables, draws: str, parameter: str, rows: pd.DataFrame) -> Row:
    """Return one row: a single run's numbers, or of replicates the median and range."""
    errors = known(rows["mean_error_sd"])
    if len(errors) == 1:
        mcse = next(iter(known(rows["mean_error_mcse"])), None)
        mean_error = number(errors[0], lambda error: with_error(error, mcse))
    else:
        mean_error = median_range(errors, significant)
    return [
        series.head,
        draws,
        parameter,
        mean_error,
        median_range(np.exp(known(rows["log_sd_ratio"])), lambda value: significant(value, 3)),
        median_range(rows["w1_sd"], significant),
        median_range(rows["coverage_50"], lambda value: fixed(value, 2)),
        median_range(rows["coverage_90"], lambda value: fixed(value, 2)),
        tally([str(verdict) for verdict in rows["verdict"].dropna()]),
        median_range(rows["n_effective"], count),
    ]

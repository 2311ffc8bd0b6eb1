"""Very many quantities in a few lines: each variable of each series."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, brief_grid
from harness.report.matrix import MOST_QUANTITIES, fold
from harness.report.numbers import count, fixed, known, significant
from harness.report.worst import n_quantities, rank, severities
from harness.table import NOT_APPLICABLE

_HEAD = (
    "series",
    "variable",
    "elements",
    "trust",
    "worst verdict",
    "worst element",
    "largest mean error (reference sds)",
    "sd ratios",
    "R-hat",
    "bulk ESS",
)
_TEXT = ("variable", "trust", "worst verdict", "worst element")


def variables_table(tables: DatasetTables) -> Grid | None:
    """Return a row for each series and variable, replicates together.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where there are so few quantities that the table of verdicts has a column for each.
    """
    if n_quantities(tables.series) <= MOST_QUANTITIES:
        return None
    return brief_grid(_HEAD, [row for series in tables.series for row in _rows(series)], text=_TEXT)


def _rows(series: SeriesTables) -> Iterator[list[str]]:
    """Give a series' rows."""
    judged = series.judged
    for head, members in fold([str(name) for name in judged["parameter"].unique()]).items():
        rows = judged[judged["parameter"].isin(members)]
        yield [series.head, head.rpartition(" (")[0] or head, *_cells(rows, len(members))]


def _cells(rows: pd.DataFrame, n_elements: int) -> list[str]:
    """Return what the elements of a variable have in common, and the worst of them."""
    worst = rank(rows)[0]
    verdicts = rows.loc[rows["parameter"] == worst, "verdict"]
    judged = rows.dropna(subset="verdict")
    n_trusted = int((severities(judged["verdict"]).groupby(judged["parameter"]).max() == 0).sum())
    n_judged = judged["parameter"].nunique()
    logs = known(rows["log_sd_ratio"])
    errors = np.abs(known(rows["mean_error_sd"]))
    known_verdicts = verdicts.loc[severities(verdicts).sort_values().index].dropna()
    return [
        count(n_elements),
        f"{n_trusted} of {n_judged}" if n_judged else NOT_APPLICABLE,
        str(known_verdicts.iloc[-1]) if len(known_verdicts) else NOT_APPLICABLE,
        worst,
        significant(float(errors.max()) if len(errors) else None),
        " to ".join(significant(math.exp(x), 3) for x in (min(logs), max(logs)))
        if logs
        else NOT_APPLICABLE,
        fixed(max(known(rows["r_hat"]), default=None), 2),
        count(min(known(rows["ess_bulk"]), default=None)),
    ]

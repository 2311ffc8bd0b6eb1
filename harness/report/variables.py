"""Very many quantities in a few lines: each variable of each series."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, Head, Row, brief_grid, number
from harness.report.matrix import MOST_QUANTITIES, fold
from harness.report.numbers import count, known, r_hat, significant
from harness.report.reasons import tally
from harness.report.worst import n_quantities, rank, severities
from harness.results.columns import NOT_APPLICABLE

_HEAD = (
    Head("series", "series"),
    Head("variable", "variable", is_text=True),
    Head("n_elements", "elements"),
    Head("n_trusted", "trust", is_text=True),
    Head("verdict", "worst verdict", is_text=True),
    Head("worst", "worst element", is_text=True),
    Head("mean_error", "largest mean error (reference sds)"),
    Head("sd_ratios", "sd ratios"),
    Head("r_hat", "R-hat"),
    Head("ess_bulk", "bulk ESS"),
)


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
    return brief_grid(_HEAD, [row for series in tables.series for row in _rows(series)])


def _rows(series: SeriesTables) -> Iterator[Row]:
    """Give a series' rows."""
    judged = series.judged
    for head, members in fold([str(name) for name in judged["parameter"].unique()]).items():
        rows = judged[judged["parameter"].isin(members)]
        yield [series.head, head.rpartition(" (")[0] or head, *_cells(rows, len(members))]


def _cells(rows: pd.DataFrame, n_elements: int) -> Row:
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
        number(n_elements, count),
        f"{n_trusted} of {n_judged}" if n_judged else NOT_APPLICABLE,
        tally([str(verdict) for verdict in known_verdicts.iloc[-1:]]),
        worst,
        number(float(errors.max()) if len(errors) else None, significant),
        " to ".join(significant(math.exp(x), 3) for x in (min(logs), max(logs)))
        if logs
        else NOT_APPLICABLE,
        number(max(known(rows["r_hat"]), default=None), r_hat),
        number(min(known(rows["ess_bulk"]), default=None), count),
    ]

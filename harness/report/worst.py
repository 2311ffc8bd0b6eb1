"""Which of very many quantities a report shows: those with the worst verdicts, then errors."""

from collections.abc import Sequence

import pandas as pd

from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.reasons import severity

#: Tables of all series together show so many of very many quantities.
MOST_ACROSS = 24

#: What quantities of one verdict are ordered by: the largest comes first.
_SIZES = ("mean_error_sd", "r_hat", "r_hat_runs")


def rank(rows: pd.DataFrame) -> list[str]:
    """Order quantities, the worst first.

    Parameters
    ----------
    rows : DataFrame
        Of ``comparison.csv``; of replicates and series the worst counts.

    Returns
    -------
    list of str
        Every quantity once: by its verdict, then by the size of its mean's error, then by R-hat;
        equals stay in the study's order.
    """
    grouped = sizes_of(rows).groupby("parameter", sort=False).max()
    ordered = grouped.sort_values(["severity", *_SIZES], ascending=False, kind="stable")
    return [str(name) for name in ordered.index]


def sizes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how bad each row is: its verdict's severity, and sizes of errors."""
    sizes = {name: rows[name].astype(float).abs().fillna(0.0) for name in _SIZES}
    return pd.DataFrame(
        {
            "parameter": rows["parameter"],
            "severity": severities(rows["verdict"]),
            **sizes,
        }
    )


def severities(verdicts: pd.Series) -> pd.Series:
    """Return how bad each verdict is, below 0 for none."""
    known = {str(name): severity(str(name)) for name in verdicts.dropna().unique()}
    return verdicts.map(known).astype(float).fillna(-1.0)


def shown_rows(rows: pd.DataFrame, tables: DatasetTables) -> pd.DataFrame:
    """Return the rows of a series that its own lines show.

    Parameters
    ----------
    rows : DataFrame
        Of one series under one way of naming components.
    tables : DatasetTables
        The data set's.

    Returns
    -------
    DataFrame
        All of them, or those of the worst quantities, the worst first.
    """
    if tables.n_worst is None or rows["parameter"].nunique() <= tables.n_worst:
        return rows
    return _pick(rows, rank(rows)[: tables.n_worst])


def shown_across(tables: DatasetTables) -> list[str] | None:
    """Return the quantities that tables of all series show, None for all."""
    if tables.n_worst is None:
        return None
    judged = [item.judged for item in tables.series if not item.judged.empty]
    if n_quantities(tables.series) <= MOST_ACROSS:
        return None
    return rank(pd.concat(judged))[:MOST_ACROSS]


def of_names(rows: pd.DataFrame, names: Sequence[str] | None) -> pd.DataFrame:
    """Return the rows of some quantities in the quantities' order, all for None."""
    return rows if names is None else _pick(rows, names)


def _pick(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    at = {name: i for i, name in enumerate(names)}
    chosen = rows[rows["parameter"].isin(names)]
    order = chosen["parameter"].map(at).astype(int)
    return chosen.loc[order.sort_values(kind="stable").index]


def shown_note(tables: DatasetTables, *, across: bool = False) -> str:
    """Say what tables leave out, empty if nothing.

    Parameters
    ----------
    tables : DatasetTables
        The data set's.
    across : bool
        Whether the table has the same quantities for all series.

    Returns
    -------
    str
        The end of a note, in Markdown.
    """
    if tables.n_worst is None:
        return ""
    n_shown = MOST_ACROSS if across else tables.n_worst
    if n_quantities(tables.series) <= n_shown:
        return ""  # many replicates, not many quantities
    whose = "" if across else " of each series"
    return (
        f" The table shows the {n_shown} worst{whose} of {n_quantities(tables.series):,} "
        "quantities, ordered by verdict, then by the error of the mean or R-hat; "
        "[comparison.csv](comparison.csv) has all."
    )


def n_quantities(series: Sequence[SeriesTables]) -> int:
    """Return how many quantities some series have together."""
    return len({name for item in series for name in item.judged["parameter"].unique()})

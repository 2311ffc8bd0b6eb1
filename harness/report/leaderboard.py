"""Studies of many data sets: how often each method may be trusted, and on which of them."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

import pandas as pd

from harness.messages.numerals import counted
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Cell, Grid, Head, make_grid, number
from harness.report.matrix import with_symbol
from harness.report.numbers import known_numbers, seconds, significant
from harness.report.reasons import worst_verdict
from harness.report.verdicts import speed
from harness.results.columns import (
    LEADERBOARD_COLUMNS,
    NOT_APPLICABLE,
    POSTERIORS_COLUMNS,
    make_table,
)
from harness.study.series import SeriesKey, series_titles
from harness.verdict.outcome import SEVERITY, Verdict

_SERIES = ["program", "method", "variant"]


def posteriors_table(datasets: Sequence[DatasetTables]) -> pd.DataFrame:
    """Return what came of each series on each data set.

    Parameters
    ----------
    datasets : sequence of DatasetTables

    Returns
    -------
    DataFrame
        ``posteriors.csv``, without references: of replicates the worst verdict, the median of
        their largest errors of a mean, the median time of a fit and that of its memory.
    """
    # what is a reference anywhere competes nowhere: evidence may have taken its place
    references = {item.key for tables in datasets for item in tables.series if item.is_reference}
    rows = [
        _posterior(series, tables)
        for tables in datasets
        for series in tables.series
        if series.key not in references
    ]
    return make_table(rows, POSTERIORS_COLUMNS)


def _posterior(series: SeriesTables, tables: DatasetTables) -> dict[str, Any]:
    """Return the row of a series on a data set."""
    errors = series.judged.dropna(subset="mean_error_sd")
    largest = errors["mean_error_sd"].abs().groupby(errors["replicate"]).max()
    times_faster = speed(series, tables)
    return {
        "dataset": tables.name,
        "program": series.key.program,
        "method": series.key.method,
        "variant": series.key.variant,
        "n_runs": series.n_runs,
        "n_failed": series.n_runs - len(series.ok),
        "verdict": worst_verdict(series.fits) or None,
        "mean_error_sd": _median(largest),
        "fit_time_s": _median(series.ok["fit_time_s"]),
        "time_vs_nuts": 1 / times_faster if times_faster else math.nan,
        "peak_memory_mb": _median(series.ok["peak_memory_mb"]),
    }


def leaderboard_table(posteriors: pd.DataFrame) -> pd.DataFrame:
    """Return how often each method may be trusted, and what it costs.

    Parameters
    ----------
    posteriors : DataFrame
        From :func:`posteriors_table`.

    Returns
    -------
    DataFrame
        ``leaderboard.csv``, the method that is trusted most often first.
    """
    rows = []
    by_series = posteriors.assign(program=_programs(posteriors)).groupby(_SERIES, sort=False)
    for key, mine in by_series:
        judged = mine["verdict"].dropna()
        shares = {
            f"share_{verdict.replace(' ', '_')}": (judged == verdict).mean()
            if len(judged)
            else None
            for verdict in map(str, SEVERITY)
        }
        medians = {
            name: _median(mine[name]) for name in ("mean_error_sd", "fit_time_s", "time_vs_nuts")
        }
        named = dict(zip(_SERIES, key, strict=True))
        rows.append({**named, "n_posteriors": len(judged), **shares, **medians})
    table = make_table(rows, LEADERBOARD_COLUMNS)
    shares_down = [f"share_{verdict.replace(' ', '_')}" for verdict in map(str, SEVERITY)]
    # of methods that are trusted as often, the one with the smaller errors comes first
    return table.sort_values(
        [*shares_down, "mean_error_sd"],
        ascending=[*(False for _ in shares_down), True],
        kind="stable",
        ignore_index=True,
    )


def _programs(posteriors: pd.DataFrame) -> pd.Series:
    """Return programs, but none where each data set has its own: the method is the same."""
    n_programs = posteriors.groupby("dataset", sort=False)["program"].nunique()
    programs: pd.Series = posteriors["program"]
    return programs if (n_programs > 1).any() else programs.where(programs.isna(), "")


def _median(values: pd.Series) -> float:
    """Return the median of what is known, NaN without anything."""
    known = known_numbers(values)
    return statistics.median(known) if known else math.nan


def leaderboard_grid(table: pd.DataFrame) -> Grid:
    """Return the leaderboard as a report shows it."""
    titles = _titles(table)
    heads = [
        Head("series", "series"),
        Head("n_posteriors", "data sets", meaning="Data sets on which the series has a verdict."),
        *(
            Head(verdict, with_symbol(verdict), meaning="Share of data sets with this verdict.")
            for verdict in map(str, SEVERITY)
        ),
        Head(
            "mean_error",
            "largest mean error (reference sds)",
            meaning="Median of the largest error of a mean, over the data sets on which errors are "
            "known; for replicates, their median.",
        ),
        Head("fit_time_s", "fit (s)", meaning="Median over data sets of the time of a fit."),
        Head(
            "time_vs_nuts",
            "time against NUTS",
            meaning="Median over data sets of the time of a fit divided by that of NUTS at its "
            "defaults.",
        ),
    ]
    rows = [
        [
            Cell(text=titles[_key(row)]),
            number(row["n_posteriors"], lambda value: f"{value:.0f}"),
            *(
                number(row[f"share_{verdict.replace(' ', '_')}"], lambda value: f"{value:.0%}")
                for verdict in map(str, SEVERITY)
            ),
            number(row["mean_error_sd"], significant),
            number(row["fit_time_s"], seconds),
            number(row["time_vs_nuts"], significant),
        ]
        for row in _records(table)
    ]
    return make_grid(heads, rows)


def board_answer(table: pd.DataFrame, datasets: Sequence[DatasetTables]) -> str:
    """Return what a hurried reader needs: on how many data sets each method may be trusted.

    Parameters
    ----------
    table : DataFrame
        From :func:`leaderboard_table`.
    datasets : sequence of DatasetTables

    Returns
    -------
    str
        Sentences, in Markdown.
    """
    titles = _titles(table)
    groups: dict[int, list[str]] = {}
    for row in _records(table):
        n_trusted = round((row["share_trust"] or 0) * (row["n_posteriors"] or 0))
        against = row["time_vs_nuts"]
        speed = f" ({significant(1 / against)}×)" if against and n_trusted else ""
        groups.setdefault(n_trusted, []).append(titles[_key(row)] + speed)
    parts = [
        f"{n_trusted or 'none'}: {', '.join(groups[n_trusted])}"
        for n_trusted in sorted(groups, reverse=True)
    ]
    first, *others = parts
    of_all = first.replace(":", f" of {len(datasets)} data sets:", 1)
    text = f"**trust** on {'; on '.join([of_all, *others])}."
    if any("×)" in part for part in parts):
        text += " 2× means twice as fast as NUTS at its defaults, in the median."
    n_failed = sum(bool(item.reference and item.reference.problems) for item in datasets)
    if n_failed:
        where = counted(n_failed, "data set")
        text += f" On {where} the reference failed its checks, so errors are unknown there."
    return text


def posteriors_grid(posteriors: pd.DataFrame) -> Grid:
    """Return the verdict of each series on each data set, and the fastest that may be trusted."""
    table = posteriors.assign(program=_programs(posteriors))
    titles = _titles(table)
    heads = [
        Head("dataset", "data set"),
        Head("fastest", "fastest to trust", is_text=True, meaning="The trusted series that takes "
             "the least time."),
        *(Head(title, title, is_text=True) for title in titles.values()),
    ]  # fmt: skip
    rows: list[list[Cell | str]] = []
    for dataset, mine in table.groupby("dataset", sort=False):
        found = {_key(row): row for row in _records(mine)}
        trusted = [row for row in found.values() if row["verdict"] == Verdict.TRUST]
        fastest = min(trusted, key=lambda row: row["fit_time_s"], default=None)
        cells = [_verdict_cell(found.get(key)) for key in titles]
        rows.append([str(dataset), titles[_key(fastest)] if fastest else "none", *cells])
    return make_grid(heads, rows)


def _verdict_cell(row: dict[str, Any] | None) -> Cell:
    """Return a verdict with its symbol."""
    verdict = str(row["verdict"]) if row and row["verdict"] is not None else ""
    return (
        Cell(text=with_symbol(verdict), verdict=verdict) if verdict else Cell(text=NOT_APPLICABLE)
    )


def _titles(table: pd.DataFrame) -> dict[SeriesKey, str]:
    """Return what the series are called."""
    return series_titles(_key(row) for row in _records(table))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows, with None for what does not apply."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _key(row: dict[str, Any]) -> SeriesKey:
    """Return which series a row is of."""
    return SeriesKey(*(str(row[name]) for name in _SERIES))

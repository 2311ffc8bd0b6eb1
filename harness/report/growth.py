"""Sweeps in tables: how fast times and memory grow, and how far subsamples lie apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harness.fits.quantities import RAW, RELABELLED
from harness.report.grid import Cell, Grid, Head, make_grid, number
from harness.report.numbers import known_numbers, significant
from harness.study.series import SeriesKey, series_titles
from harness.study.swept import Setting, Sweep

#: A slope of fewer values says nothing.
_LEAST_VALUES = 3


class Swept(NamedTuple):
    """A series on a data set: what both are made from, with which values, and its row."""

    dataset: str
    key: SeriesKey
    options: Mapping[str, Any]
    row: Mapping[str, Any]


def swept_rows(posteriors: pd.DataFrame, sweep: Sweep) -> Iterator[Swept]:
    """Give the rows of ``posteriors.csv`` with their values of what is swept.

    Parameters
    ----------
    posteriors : DataFrame
    sweep : Sweep
        Of the same study.
    """
    for row in posteriors.to_dict("records"):
        known: dict[str, Any] = {
            str(name): None if pd.isna(value) else value for name, value in row.items()
        }
        dataset = sweep.datasets.get(known["dataset"], Setting(known["dataset"], {}))
        variant = sweep.variants.get(
            (known["method"], known["variant"]), Setting(known["variant"], {})
        )
        key = SeriesKey(known["program"], known["method"], variant.of)
        yield Swept(dataset.of, key, {**dataset.options, **variant.options}, known)


def swept_titles(rows: Sequence[Swept]) -> dict[SeriesKey, str]:
    """Name the series without what is swept; the program only where there are several."""
    programs = {row.key.program for row in rows}
    keys = dict.fromkeys(row.key for row in rows)
    short = {key: key if len(programs) > 1 else key._replace(program="") for key in keys}
    titles = series_titles(short.values())
    return {key: titles[short[key]] for key in keys}


def growth_grid(rows: Sequence[Swept], sweep: Sweep, *, of: str) -> Grid | None:
    """Return the exponents of a cost against what is swept, from log-log regressions.

    Parameters
    ----------
    rows : sequence of Swept
    sweep : Sweep
    of : str
        The column of the cost, ``fit_time_s`` or ``peak_memory_mb``.

    Returns
    -------
    Grid or None
        None without a number that is swept over at least three values.
    """
    titles = swept_titles(rows)
    heads: list[Head] = [Head("series", "series")]
    columns: list[dict[SeriesKey, float]] = []
    for dataset in dict.fromkeys(row.dataset for row in rows):
        mine = [row for row in rows if row.dataset == dataset]
        for axis in sweep.axes:
            slopes = {
                key: _slope([row for row in mine if row.key == key], axis, of) for key in titles
            }
            if not any(math.isfinite(slope) for slope in slopes.values()):
                continue
            heads.append(
                Head(
                    f"{dataset} {axis}",
                    f"{axis} of {dataset}",
                    meaning="Exponent against this, by least squares of the logarithms.",
                )
            )
            columns.append(slopes)
    if not columns:
        return None
    cells = [
        [Cell(text=title), *(number(column[key], significant) for column in columns)]
        for key, title in titles.items()
    ]
    return make_grid(heads, cells)


def _slope(rows: Sequence[Swept], axis: str, of: str) -> float:
    """Return the exponent of a cost against an axis, the other values held fixed."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        value, cost = row.options.get(axis), row.row[of]
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            continue
        others = str({key: each for key, each in row.options.items() if key != axis})
        if cost:
            points.setdefault(others, []).append((math.log(value), math.log(cost)))
    centred = [np.array(group) - np.mean(group, axis=0) for group in points.values()]
    if len({value for group in points.values() for value, _ in group}) < _LEAST_VALUES:
        return math.nan
    x, y = np.concatenate(centred).T
    return float(x @ y / (x @ x)) if x @ x > 0 else math.nan


def spread_grid(stability: pd.DataFrame) -> Grid | None:
    """Return how far subsamples lie apart beside what theory says; None without subsamples.

    Parameters
    ----------
    stability : DataFrame
        ``stability.csv``.
    """
    known = stability.dropna(subset=["between_sd_ratio", "expected_sd_ratio"])
    rows: list[list[Cell | str]] = []
    ordered = known["labels"] == RELABELLED
    known = known[ordered] if ordered.any() else known[known["labels"] == RAW]
    by_series = ["dataset", "program", "method", "variant"]
    for (dataset, _, method, variant), mine in known.groupby(by_series, sort=False):
        ratios = known_numbers(mine["between_sd_ratio"])
        found = float(np.sqrt(np.mean(np.square(ratios))))
        expected = float(mine["expected_sd_ratio"].iloc[0])
        title = series_titles([SeriesKey("", str(method), str(variant))])
        rows.append(
            [
                str(dataset),
                next(iter(title.values())),
                number(int(mine["n_runs"].iloc[0]), lambda value: f"{value:.0f}"),
                number(found, significant),
                number(expected, significant),
                number(found / expected if expected else math.nan, lambda value: f"{value:.2f}"),
            ]
        )
    heads = (
        Head("dataset", "data set"),
        Head("series", "series", is_text=True),
        Head("n_runs", "replicates"),
        Head("spread", "spread", meaning="Sd of the means between subsamples in posterior sds of "
             "a subsample, root mean square over parameters."),
        Head("expected", "√(N/m - 1)", meaning="What theory says of it."),
        Head("ratio", "ratio", meaning="The spread divided by what theory says."),
    )  # fmt: skip
    return make_grid(heads, rows) if rows else None

"""Sweeps in tables: how fast times and memory grow, and how far subsamples lie apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harness.fits.quantities import RAW, RELABELLED
from harness.report.grid import Cell, Grid, Head, make_grid, number
from harness.report.numbers import fixed, known_numbers, significant
from harness.study.series import SeriesKey, series_titles
from harness.study.swept import Setting, Sweep

#: A slope of fewer values says nothing.
_LEAST_VALUES = 3
#: What grows: columns of ``posteriors.csv``.
_COSTS = {"fit_time_s": "time", "peak_memory_mb": "memory"}


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


def growth_grid(rows: Sequence[Swept], sweep: Sweep) -> Grid | None:
    """Return the exponents of time and memory against sizes that are swept, from log-log fits.

    Parameters
    ----------
    rows : sequence of Swept
    sweep : Sweep

    Returns
    -------
    Grid or None
        Series that have an exponent; None without a size that is swept over at least three values.
    """
    titles = swept_titles(rows)
    heads: list[Head] = [Head("series", "series")]
    columns: list[dict[SeriesKey, float]] = []
    of_axis: dict[str, list[str]] = {}
    for row in rows:
        for axis in row.options:
            of_axis.setdefault(axis, []).append(row.dataset)
    for axis in (name for name in sweep.axes if _are_sizes(sweep.axes[name])):
        datasets = dict.fromkeys(of_axis.get(axis, ()))
        for dataset in datasets:
            mine = [row for row in rows if row.dataset == dataset]
            for of, what in _COSTS.items():
                slopes = {
                    key: _slope([row for row in mine if row.key == key], axis, of) for key in titles
                }
                if not any(math.isfinite(slope) for slope in slopes.values()):
                    continue
                which = f" of {dataset}" if len(datasets) > 1 else ""
                heads.append(
                    Head(
                        f"{what} {dataset} {axis}",
                        f"{what} by {axis}{which}",
                        meaning=f"Exponent b: the {what} grows as {axis} to the power of b on the "
                        f"data sets made from {dataset}. Least squares of the logarithms.",
                    )
                )
                columns.append(slopes)
    cells = [
        [Cell(text=title), *(number(column[key], _exponent) for column in columns)]
        for key, title in titles.items()
        if any(math.isfinite(column[key]) for column in columns)
    ]
    return make_grid(heads, cells) if cells else None


def _are_sizes(values: Sequence[Any]) -> bool:
    """Whether values are whole numbers from 1 on, which a cost may grow with."""
    return all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in values)


def _exponent(value: float) -> str:
    """Return an exponent as text."""
    return fixed(value, 2)


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

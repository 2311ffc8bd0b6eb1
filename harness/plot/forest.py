"""Every parameter's mean and interval, method by method."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from harness.data.dataset import FloatArray
from harness.fits.quantities import is_constant
from harness.plot.limits import cutoff
from harness.plot.panels import FigureData, Series
from harness.plot.style import LIGHT_GREY, CaptionedFigure, make_figure, panel_title

#: A figure of more panels than this is not legible in print.
_MOST_PARAMETERS = 12
#: Part of a row's height that replicates are spread over.
_SPREAD = 0.7
#: With more rows than this, three panels stand side by side.
_MANY_ROWS = 10
#: An interval that reaches so many times as far as the median one is cut off.
_BEYOND = 20.0


@dataclass(frozen=True, kw_only=True)
class _Interval:
    """Mean and central 90% interval of a replicate's draws, in the row that it stands in."""

    row: int
    low: float
    mean: float
    high: float


def forest_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw a panel per parameter, in it a row per series with its mean and 90% interval.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a fit, or with constants only.
    """
    if not view.series:
        return None
    elements = {s.key: [s.elements(i) for i in range(len(s.fits))] for s in view.series}
    every_fit = [item for replicates in elements.values() for item in replicates]
    # of a constant of the program there is nothing to see
    every_name = [
        name
        for name in dict.fromkeys(n for replicates in elements.values() for n in replicates[0])
        if not all(is_constant(item[name]) for item in every_fit if name in item)
    ]
    if not every_name:
        return None
    reference = view.reference.elements() if view.reference else {}
    names = _shown(every_name, every_fit, reference)
    wide = len(names) <= 6 and len(view.series) <= _MANY_ROWS
    n_columns = min(2 if wide else 3, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    height = n_rows * (0.6 + 0.24 * len(view.series)) + 0.2
    figure = make_figure(dataset=view.dataset.name, height_in=height)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        rows = [
            [_interval(row, item[name]) for item in elements[series.key] if name in item]
            for row, series in enumerate(view.series)
        ]
        _draw_panel(axes, view, name, rows, band=reference.get(name))
    figure.caption = _caption(view, n_shown=len(names), n_all=len(every_name))
    figure.alt = (
        f"Interval plot of {', '.join(names)} on {view.dataset.name}, with one row for each of "
        f"{', '.join(series.title for series in view.series)}. The numbers are in the tables."
    )
    return figure


def _shown(
    names: Sequence[str],
    every_fit: Sequence[Mapping[str, FloatArray]],
    reference: Mapping[str, FloatArray],
) -> list[str]:
    """Return the parameters that there is room for: those with the largest errors of the mean."""
    if len(names) <= _MOST_PARAMETERS or not reference:
        return list(names[:_MOST_PARAMETERS])
    errors = dict.fromkeys(names, 0.0)
    for name, draws in reference.items():
        mean, sd = draws.mean(), draws.std()
        means = [float(item[name].mean()) for item in every_fit if name in item]
        if name in errors and sd > 0 and means:
            errors[name] = max(abs(float(each - mean)) / float(sd) for each in means)
    worst = sorted(names, key=lambda name: -errors[name])[:_MOST_PARAMETERS]
    return [name for name in names if name in worst]


def _interval(row: int, draws: FloatArray) -> _Interval:
    """Return what a forest plot shows of some draws."""
    low, high = np.quantile(draws, [0.05, 0.95])
    return _Interval(row=row, low=float(low), mean=float(draws.mean()), high=float(high))


def _draw_panel(
    axes: Axes,
    view: FigureData,
    name: str,
    rows: Sequence[Sequence[_Interval]],
    *,
    band: FloatArray | None,
) -> None:
    """Draw a parameter, a row for each series; what lies far off is an arrow at the edge."""
    limits = _limits([interval for row in rows for interval in row])
    if band is not None:
        axes.axvspan(*np.quantile(band, [0.05, 0.95]), color=LIGHT_GREY, alpha=0.6, linewidth=0)
    for series, intervals in zip(view.series, rows, strict=True):
        _draw_row(axes, series, intervals, limits)
    axes.set_yticks(range(len(view.series)), [series.title for series in view.series])
    axes.set_ylim(len(view.series) - 0.4, -0.6)
    axes.set_xlim(*limits)
    axes.locator_params(axis="x", nbins=4)
    panel_title(axes, name)


def _limits(intervals: Sequence[_Interval]) -> tuple[float, float]:
    """Return the axis' ends: all intervals but those that reach far beyond the others."""
    centre = float(np.median([item.mean for item in intervals]))
    reaches = [max(abs(item.low - centre), abs(item.high - centre)) for item in intervals]
    limit = cutoff(reaches, factor=_BEYOND, floor=0.0)
    ends = [
        end
        for item, reach in zip(intervals, reaches, strict=True)
        for end in (item.low, item.high)
        if reach <= limit
    ]
    low, high = min(ends), max(ends)
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_row(
    axes: Axes, series: Series, intervals: Sequence[_Interval], limits: tuple[float, float]
) -> None:
    """Draw the replicates of one series, one below the other."""
    n = len(intervals)
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, n) if n > 1 else np.zeros(1)
    size = 3.8 if n == 1 else 2.0
    for offset, item in zip(offsets, intervals, strict=True):
        y = item.row + float(offset)
        width = 1.6 if n == 1 else 0.8
        axes.plot([item.low, item.high], [y, y], color=series.colour, linewidth=width)
        place = float(np.clip(item.mean, *limits))
        marker = "o" if place == item.mean else "<" if place > item.mean else ">"
        size_here = size if marker == "o" else size + 2
        axes.plot(
            *(place, y, marker), color=series.colour, markersize=size_here, clip_on=marker == "o"
        )


def _caption(view: FigureData, *, n_shown: int, n_all: int) -> str:
    """Say what marks mean and what is left out."""
    text = f"Posterior mean (dot) and central 90% interval (line) on `{view.dataset.name}`."
    if any(len(series.fits) > 1 for series in view.series):
        text += " Replicates are shown one below the other."
    text += " An arrow marks a mean beyond the edge."
    if view.reference is not None:
        text += f" The grey band is the interval of {view.reference.title}."
    if any(series.program.components for series in view.series):
        text += " Components are ordered by their first coordinate in every draw."
    if n_shown < n_all:
        which = "first" if view.reference is None else "least accurate"
        text += f" The {which} {n_shown} of {n_all:,} parameters are shown."
    return text

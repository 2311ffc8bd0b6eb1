"""Every parameter's mean and interval, method by method."""

import math

import numpy as np
from matplotlib.axes import Axes

from harness.datasets import FloatArray
from harness.plot.panels import DatasetView, Series
from harness.plot.style import LIGHT_GREY, CaptionedFigure, make_figure, panel_title

#: A figure of more panels than this is not legible in print.
_MOST_PARAMETERS = 12
#: Part of a row's height that replicates are spread over.
_SPREAD = 0.7


def forest_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw a panel per parameter, in it a row per series with its mean and 90% interval.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a fit.
    """
    if not view.series:
        return None
    elements = {s.key: [s.elements(i) for i in range(len(s.fits))] for s in view.series}
    every_name = dict.fromkeys(name for replicates in elements.values() for name in replicates[0])
    names = list(every_name)[:_MOST_PARAMETERS]
    n_columns = min(2 if len(names) <= 6 else 3, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    height = n_rows * (0.6 + 0.24 * len(view.series)) + 0.2
    figure = make_figure(dataset=view.dataset.name, height_in=height)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        _draw_band(axes, view, name)
        for row, series in enumerate(view.series):
            draws = [item[name] for item in elements[series.key] if name in item]
            _draw_row(axes, row, series, draws)
        axes.set_yticks(range(len(view.series)), [series.title for series in view.series])
        axes.set_ylim(len(view.series) - 0.4, -0.6)
        axes.margins(x=0.04)
        panel_title(axes, name)
    figure.caption = _caption(view, n_shown=len(names), n_all=len(every_name))
    figure.alt = (
        f"Interval plot of {', '.join(names)} on {view.dataset.name}, a row for each of "
        f"{', '.join(series.title for series in view.series)}. The numbers are in the tables."
    )
    return figure


def _draw_band(axes: Axes, view: DatasetView, name: str) -> None:
    """Shade the reference's interval."""
    if view.reference is None:
        return
    draws = view.reference.elements().get(name)
    if draws is not None:
        low, high = np.quantile(draws, [0.05, 0.95])
        axes.axvspan(low, high, color=LIGHT_GREY, alpha=0.6, linewidth=0)


def _draw_row(axes: Axes, row: int, series: Series, replicates: list[FloatArray]) -> None:
    """Draw the replicates of one series, one below the other."""
    n = len(replicates)
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, n) if n > 1 else np.zeros(1)
    size = 3.8 if n == 1 else 2.0
    for offset, draws in zip(offsets, replicates, strict=True):
        low, high = np.quantile(draws, [0.05, 0.95])
        y = row + float(offset)
        axes.plot([low, high], [y, y], color=series.colour, linewidth=1.6 if n == 1 else 0.8)
        axes.plot(draws.mean(), y, "o", color=series.colour, markersize=size)


def _caption(view: DatasetView, *, n_shown: int, n_all: int) -> str:
    """Say what marks mean and what is left out."""
    text = f"Posterior mean (dot) and central 90% interval (line) on `{view.dataset.name}`."
    if any(len(series.fits) > 1 for series in view.series):
        text += " Replicates stand one below the other in their row."
    if view.reference is not None:
        text += f" The grey band is the interval of {view.reference.title}."
    if any(series.program.components for series in view.series):
        text += " Components are ordered by their first coordinate in every draw."
    if n_shown < n_all:
        text += f" The first {n_shown} of {n_all} parameters are shown."
    return text

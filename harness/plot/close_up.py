"""Approximations of a mixture's component means as contours close up."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from harness.messages.numerals import numeral
from harness.plot.contours import draw_contours, draw_reference, moments, reference_note
from harness.plot.limits import cutoff, named_counts
from harness.plot.mixture import (
    component_means,
    draw_true_means,
    is_planar_mixture,
    true_means_note,
)
from harness.plot.objectives import Kind, by_kind, kind_title
from harness.plot.panels import FigureData, Series, legend_below, legend_label
from harness.plot.style import GREY, CaptionedFigure, make_figure, panel_title

#: A panel leaves out what lies more of the reference's sds off, or is as wide, ...
_BEYOND_SDS = 15.0
#: ... if that is also so many times as far as the panel's median fit.
_BEYOND_MEDIAN = 8.0

#: Limits of the horizontal and of the vertical axis.
Window = tuple[tuple[float, float], tuple[float, float]]

#: One fit of a series, and which.
Replicate = tuple[Series, int]


def zoom_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw all approximations' contours around each component mean.

    A column of panels for all rows, weighted parts and unweighted parts of them; the square in
    later columns is the first column's window.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without an approximated mixture in the plane or a reference for it.
    """
    mixtures = [series for series in view.approximations if is_planar_mixture(series)]
    groups = by_kind(mixtures, view.dataset)
    if not groups or view.reference is None or not is_planar_mixture(view.reference):
        return None
    n_components = component_means(view.reference, relabelled=True).shape[2]
    n_across = len(groups) if len(groups) > 1 else n_components
    n_down = n_components if len(groups) > 1 else 1
    panel_in = min(7.2 / n_across, 3.6)
    # a row has a title of two lines and an axis label; the legend has at least two columns
    height_in = (panel_in + 0.35) * n_down + 0.17 * (len(mixtures) / 2 + 1)
    figure = make_figure(dataset=view.dataset.name, height_in=height_in)
    grid = figure.subplots(n_down, n_across, squeeze=False)
    for k in range(n_components):
        row = list(grid[k] if len(groups) > 1 else grid[:, k])
        _draw_component(row, view, groups, k)
    legend_below(figure, grid.flat)
    is_cut = any("\n" in axes.get_xlabel() for axes in grid.flat)
    figure.caption = _zoom_caption(view, list(groups), is_cut=is_cut)
    figure.alt = _zoom_alt(view, groups)
    return figure


def _draw_component(
    row: Sequence[Axes], view: FigureData, groups: Mapping[Kind, Sequence[Series]], k: int
) -> None:
    """Draw one component, a panel for each kind."""
    assert view.reference is not None  # noqa: S101 - the caller has checked
    shown = {kind: _fits_in_sight(members, view.reference, k) for kind, members in groups.items()}
    windows = [_window([(view.reference, 0), *fits], k) for fits in shown.values()]
    for column, (axes, (kind, members)) in enumerate(zip(row, groups.items(), strict=True)):
        draw_reference(axes, view, only=k)
        for series in members:
            for replicate in range(len(series.fits)):
                draw_contours(axes, series, replicate, k, legend_label(series))
        draw_true_means(axes, view)
        axes.set(xlim=windows[column][0], ylim=windows[column][1], aspect="equal")
        axes.locator_params(nbins=4)
        axes.set_xlabel("first coordinate")
        axes.set_ylabel("second coordinate")
        panel_title(axes, f"component {k + 1}\n{kind_title(view.dataset, kind, members)}")
        if column:
            _draw_window(axes, windows[0])
        _name_beyond(axes, members, shown[kind])


def _fits_in_sight(members: Sequence[Series], reference: Series, k: int) -> list[Replicate]:
    """Return the fits that are not so far off that the others would be specks beside them."""
    fits = [(series, i) for series in members for i in range(len(series.fits))]
    reaches = [_reach_sds(*fit, reference, k) for fit in fits]
    limit = cutoff(reaches, factor=_BEYOND_MEDIAN, floor=_BEYOND_SDS)
    return [fit for fit, reach in zip(fits, reaches, strict=True) if reach <= limit]


def _reach_sds(series: Series, replicate: int, reference: Series, k: int) -> float:
    """Return how far off or how wide a fit's component is, in the reference's sds."""
    centre, covariance = moments(reference, k, 0)
    sds = np.sqrt(np.diag(covariance))
    mean, own = moments(series, k, replicate)
    return float(max((np.abs(mean - centre) / sds).max(), (np.sqrt(np.diag(own)) / sds).max()))


def _name_beyond(axes: Axes, members: Sequence[Series], shown: Sequence[Replicate]) -> None:
    """Name the fits that lie outside of a panel below it, where they hide nothing."""
    keys = [series.key for series, _ in shown]
    names = named_counts([(s.title, len(s.fits) - keys.count(s.key), len(s.fits)) for s in members])
    if names:
        lines = [axes.get_xlabel(), *(textwrap.fill(name, 34) for name in names)]
        lines[1] = f"beyond: {lines[1]}"
        axes.set_xlabel("\n".join(lines))


def _window(fits: Sequence[Replicate], k: int) -> Window:
    """Return a square that holds all 95% contours of a component."""
    lows, highs = [], []
    for series, replicate in fits:
        mean, covariance = moments(series, k, replicate)
        reach = 2.9 * np.sqrt(np.diag(covariance))
        lows.append(mean - reach)
        highs.append(mean + reach)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    centre, half = (low + high) / 2, float((high - low).max()) / 2
    (x, y) = centre
    return (float(x - half), float(x + half)), (float(y - half), float(y + half))


def _draw_window(axes: Axes, window: Window) -> None:
    """Draw a square where another panel looks."""
    (left, right), (bottom, top) = window
    axes.add_patch(
        Rectangle(
            (left, bottom), right - left, top - bottom, fill=False, edgecolor=GREY, linewidth=1.0
        )
    )


_SEEN = {
    Kind.FULL: "all rows",
    Kind.WEIGHTED: "weighted subsamples",
    Kind.UNWEIGHTED: "unweighted subsamples",
}


def _zoom_caption(view: FigureData, kinds: Sequence[Kind], *, is_cut: bool) -> str:
    """Say what is close up."""
    text = (
        f"Component means on `{view.dataset.name}`, close up. Plus signs mark the centres of the "
        "approximations; contours hold 50% and 95% of each (for replicates 95% only)."
        f"{reference_note(view)}{true_means_note(view)}"
    )
    if is_cut:
        text += " Fits that lie outside a panel are named below it."
    if len(kinds) > 1:
        *others, last = (f"to {_SEEN[kind]}" for kind in kinds)
        text += (
            f" The columns show fits {', '.join(others)} and {last}. "
            "The grey square in later columns is the window of the first column."
        )
    return text


def _zoom_alt(view: FigureData, groups: dict[Kind, list[Series]]) -> str:
    """Say in words how wide the contours are."""
    assert view.reference is not None  # noqa: S101 - the caller has checked
    sentences = []
    _, reference = moments(view.reference, 0, 0)
    for series in (item for members in groups.values() for item in members):
        ratios = [
            float(np.sqrt(moments(series, 0, i)[1][0, 0] / reference[0, 0]))
            for i in range(len(series.fits))
        ]
        sentences.append(f"{series.title} {numeral(float(np.mean(ratios)), 2)}")
    return (
        "Contours close up around each component mean. Width along the first coordinate of "
        f"component 1, relative to {view.reference.title}: {', '.join(sentences)}."
    )

"""Approximations of a mixture's component means as contours close up."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from harness.plot.contours import draw_contours, draw_reference, moments, reference_note
from harness.plot.mixture import component_means, draw_true_means, is_planar_mixture
from harness.plot.panels import (
    DatasetView,
    Objective,
    Series,
    by_objective,
    legend_below,
    legend_label,
    objective_title,
)
from harness.plot.style import GREY, CaptionedFigure, make_figure, panel_title

#: A first column's panel leaves out what lies more of the reference's sds off, or is as wide.
_BEYOND_SDS = 15.0

#: Limits of the horizontal and of the vertical axis.
Window = tuple[tuple[float, float], tuple[float, float]]


def zoom_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw all approximations' contours around each component mean.

    A column of panels for each set of rows and weight; the square in later columns is the
    first column's window.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without an approximated mixture in the plane or a reference for it.
    """
    mixtures = [series for series in view.approximations if is_planar_mixture(series)]
    groups = by_objective(mixtures, view.dataset)
    if not groups or view.reference is None or not is_planar_mixture(view.reference):
        return None
    n_components = component_means(view.reference, relabelled=True).shape[2]
    n_across = len(groups) if len(groups) > 1 else n_components
    n_down = n_components if len(groups) > 1 else 1
    panel_in = min(7.2 / n_across, 3.6)
    # a row has a title of two lines and an axis label; the legend takes the rest
    figure = make_figure(dataset=view.dataset.name, height_in=(panel_in + 0.4) * n_down + 0.8)
    grid = figure.subplots(n_down, n_across, squeeze=False)
    for k in range(n_components):
        row = list(grid[k] if len(groups) > 1 else grid[:, k])
        _draw_component(row, view, groups, k)
    legend_below(figure, grid.flat)
    figure.caption = _zoom_caption(view, n_groups=len(groups))
    figure.alt = _zoom_alt(view, groups)
    return figure


def _draw_component(
    row: Sequence[Axes], view: DatasetView, groups: Mapping[Objective, Sequence[Series]], k: int
) -> None:
    """Draw one component, a panel for each objective; all but the first share a window."""
    assert view.reference is not None  # noqa: S101 - the caller has checked
    first, *others = groups.values()
    beyond = [series for series in first if _is_beyond(series, view.reference, k)]
    near = _window([view.reference, *(item for item in first if item not in beyond)], k)
    far = _window([view.reference, *(item for members in others for item in members)], k)
    for column, (axes, (objective, members)) in enumerate(zip(row, groups.items(), strict=True)):
        draw_reference(axes, view, only=k)
        for series in members:
            for replicate in range(len(series.fits)):
                draw_contours(axes, series, replicate, k, legend_label(series))
        draw_true_means(axes, view)
        window = far if column else near
        axes.set(xlim=window[0], ylim=window[1], aspect="equal")
        axes.locator_params(nbins=4)
        axes.set_xlabel("first coordinate")
        axes.set_ylabel("second coordinate")
        panel_title(axes, f"component {k + 1}\n{objective_title(view.dataset, objective)}")
        if column:
            _draw_window(axes, near)
        elif beyond:
            titles = "\n".join(series.title for series in beyond)
            axes.text(0.02, 0.98, f"beyond:\n{titles}", transform=axes.transAxes, va="top")


def _is_beyond(series: Series, reference: Series, k: int) -> bool:
    """Whether a component is so far off that the reference would be a speck beside it."""
    centre, covariance = moments(reference, k, 0)
    sds = np.sqrt(np.diag(covariance))
    fits = [moments(series, k, replicate) for replicate in range(len(series.fits))]
    shift = max(float((np.abs(mean - centre) / sds).max()) for mean, _ in fits)
    ratio = max(float((np.sqrt(np.diag(own)) / sds).max()) for _, own in fits)
    return max(shift, ratio) > _BEYOND_SDS


def _window(members: Sequence[Series], k: int) -> Window:
    """Return a square that holds all 95% contours of a component."""
    lows, highs = [], []
    for series in members:
        for replicate in range(len(series.fits)):
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


def _zoom_caption(view: DatasetView, *, n_groups: int) -> str:
    """Say what is close up."""
    text = (
        f"Close-up of the component means on `{view.dataset.name}`: contours as in the figure "
        f"before.{reference_note(view)} What lies beyond the first window, if anything, is named "
        "in it."
    )
    if n_groups > 1:
        text += (
            " A column for each set of rows and likelihood weight; the grey square in later "
            "columns, which share their scale, is the window of the first."
        )
    return text


def _zoom_alt(view: DatasetView, groups: dict[Objective, list[Series]]) -> str:
    """Say in words how wide the contours are."""
    assert view.reference is not None  # noqa: S101 - the caller has checked
    sentences = []
    _, reference = moments(view.reference, 0, 0)
    for series in (item for members in groups.values() for item in members):
        ratios = [
            float(np.sqrt(moments(series, 0, i)[1][0, 0] / reference[0, 0]))
            for i in range(len(series.fits))
        ]
        sentences.append(f"{series.title} {np.mean(ratios):.2g}")
    return (
        "Contours close up around each component mean. Width along the first coordinate of "
        f"component 1, relative to {view.reference.title}: {', '.join(sentences)}."
    )

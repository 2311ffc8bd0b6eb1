"""Approximations of a mixture's component means as contours, over the data and close up."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, Rectangle

from harness.datasets import FloatArray
from harness.plot.mixture import (
    component_means,
    draw_rows,
    draw_true_means,
    is_planar_mixture,
    rows_note,
)
from harness.plot.panels import (
    DatasetView,
    Objective,
    Series,
    legend_below,
    legend_label,
    objective_title,
    thin_draws,
)
from harness.plot.style import BLACK, GREY, CaptionedFigure, make_figure, panel_title

#: Probabilities inside the contours.
_LEVELS = (0.5, 0.95)
_MOST_DRAWS = 600


def approximations_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw each approximation's contours over the data, the reference's draws beneath.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without an approximated mixture in the plane.
    """
    mixtures = [series for series in view.approximations if is_planar_mixture(series)]
    if not mixtures:
        return None
    n_columns = min(3, len(mixtures))
    n_rows = math.ceil(len(mixtures) / n_columns)
    figure = make_figure(dataset=view.dataset.name, height_in=7.4 / n_columns * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(mixtures) :]:
        axes.set_axis_off()
    known = False
    for axes, series in zip(grid.flat, mixtures, strict=False):
        draw_rows(axes, view.dataset)
        _draw_reference(axes, view)
        for replicate in range(len(series.fits)):
            _draw_contours(axes, series, replicate)
        known = draw_true_means(axes, view)
        panel_title(axes, series.title)
    figure.caption = _caption(view, known=known)
    figure.alt = (
        f"Contours of the component means over {view.dataset.name}, a panel for each of "
        f"{', '.join(series.title for series in mixtures)}."
    )
    return figure


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
    groups: dict[Objective, list[Series]] = {}
    for series in view.approximations:
        if is_planar_mixture(series):
            groups.setdefault(series.objective, []).append(series)
    if not groups or view.reference is None or not is_planar_mixture(view.reference):
        return None
    n_components = component_means(view.reference, relabelled=True).shape[2]
    n_across = len(groups) if len(groups) > 1 else n_components
    n_down = n_components if len(groups) > 1 else 1
    panel_in = min(7.2 / n_across, 3.6)
    figure = make_figure(dataset=view.dataset.name, height_in=panel_in * n_down + 0.6)
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
    near = _window([view.reference, *first], k)
    far = _window([view.reference, *(item for members in others for item in members)], k)
    for column, (axes, (objective, members)) in enumerate(zip(row, groups.items(), strict=True)):
        _draw_reference(axes, view, only=k)
        for series in members:
            for replicate in range(len(series.fits)):
                _draw_contours(axes, series, replicate, k, legend_label(series))
        draw_true_means(axes, view)
        window = far if column else near
        axes.set(xlim=window[0], ylim=window[1], aspect="equal")
        axes.locator_params(nbins=4)
        axes.set_xlabel("first coordinate")
        axes.set_ylabel("second coordinate")
        panel_title(axes, f"component {k + 1}\n{objective_title(view.dataset, objective)}")
        if column:
            _draw_window(axes, near)


Window = tuple[tuple[float, float], tuple[float, float]]


def _moments(series: Series, k: int, replicate: int) -> tuple[FloatArray, FloatArray]:
    """Return mean, shape (2,), and covariance, shape (2, 2), of a component mean's draws."""
    draws = component_means(series, relabelled=True, replicate=replicate)[..., k, :]
    flat = draws.reshape(-1, 2)
    return flat.mean(axis=0), np.cov(flat, rowvar=False)


def gaussian_ellipse(mean: FloatArray, covariance: FloatArray, level: float) -> Ellipse:
    """Return the contour of a bivariate normal that holds a given probability.

    Parameters
    ----------
    mean : ndarray, shape (2,)
        Its centre.
    covariance : ndarray, shape (2, 2)
        Its covariance.
    level : float
        The probability inside, in (0, 1).

    Returns
    -------
    Ellipse
        Without fill; its squared Mahalanobis radius is -2 log(1 - `level`).
    """
    variances, axes = np.linalg.eigh(covariance)
    radius = math.sqrt(-2 * math.log1p(-level))
    width, height = 2 * radius * np.sqrt(np.maximum(variances, 0))
    angle = math.degrees(math.atan2(axes[1, 0], axes[0, 0]))
    return Ellipse(
        (float(mean[0]), float(mean[1])), float(width), float(height), angle=angle, fill=False
    )


def _draw_contours(
    axes: Axes, series: Series, replicate: int, only: int | None = None, label: str | None = None
) -> None:
    """Draw one fit's contours and centres, of one component or of all."""
    n_components = component_means(series, relabelled=True).shape[2]
    many = len(series.fits) > 1
    for k in range(n_components) if only is None else [only]:
        mean, covariance = _moments(series, k, replicate)
        for level in _LEVELS[1:] if many else _LEVELS:
            ellipse = gaussian_ellipse(mean, covariance, level)
            ellipse.set(edgecolor=series.colour, linewidth=0.8 if many else 1.4, zorder=5)
            axes.add_patch(ellipse)
        axes.plot(
            *mean, "+", color=series.colour, markersize=4 if many else 7, zorder=5, label=label
        )


def _draw_reference(axes: Axes, view: DatasetView, only: int | None = None) -> None:
    """Scatter the reference's draws of the component means."""
    if view.reference is None or not is_planar_mixture(view.reference):
        return
    thinned = thin_draws(component_means(view.reference, relabelled=True), _MOST_DRAWS)
    for k in range(thinned.shape[1]) if only is None else [only]:
        axes.scatter(
            thinned[:, k, 0],
            thinned[:, k, 1],
            s=3,
            color=BLACK,
            alpha=0.3,
            linewidths=0,
            zorder=2,
            label=view.reference.title if only is not None else None,
        )


def _window(members: Sequence[Series], k: int) -> Window:
    """Return a square that holds all 95% contours of a component."""
    lows, highs = [], []
    for series in members:
        for replicate in range(len(series.fits)):
            mean, covariance = _moments(series, k, replicate)
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


def _reference_note(view: DatasetView) -> str:
    """Say what the dots are."""
    if view.reference is None:
        return ""
    return f" Black dots: {_MOST_DRAWS:,} draws of {view.reference.title}."


def _caption(view: DatasetView, *, known: bool) -> str:
    """Say what is drawn over the data."""
    text = (
        f"Approximations of the component means over `{view.dataset.name}`: plus signs at their "
        "centres, contours that hold 50% and 95% (of replicates 95% only), from the mean and "
        f"covariance of their draws. {rows_note(view.dataset)}{_reference_note(view)}"
    )
    return text + (" Crosses: the true means." if known else "")


def _zoom_caption(view: DatasetView, *, n_groups: int) -> str:
    """Say what is close up."""
    text = (
        f"Close-up of the component means on `{view.dataset.name}`: contours as in the figure "
        f"before.{_reference_note(view)}"
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
    _, reference = _moments(view.reference, 0, 0)
    for series in (item for members in groups.values() for item in members):
        ratios = [
            float(np.sqrt(_moments(series, 0, i)[1][0, 0] / reference[0, 0]))
            for i in range(len(series.fits))
        ]
        sentences.append(f"{series.title} {np.mean(ratios):.2g}")
    return (
        "Contours close up around each component mean. Width along the first coordinate of "
        f"component 1, relative to {view.reference.title}: {', '.join(sentences)}."
    )

"""Approximations of a mixture's component means as contours over the data."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from harness.data.dataset import FloatArray
from harness.plot.mixture import (
    component_means,
    draw_rows,
    draw_true_means,
    is_planar_mixture,
    rows_note,
)
from harness.plot.panels import (
    FigureData,
    Series,
    thin_draws,
)
from harness.plot.style import BLACK, CaptionedFigure, make_figure, panel_title

#: Probabilities inside the contours.
_LEVELS = (0.5, 0.95)
_MOST_DRAWS = 600
#: Contours that are narrower than this part of the data, and as close to the reference, are dots
#: on it: they are left to the close-up.
_SPECK = 0.02
#: Characters of a line in a panel's title.
_TITLE_WIDTH = 26


def approximations_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw each approximation's contours over the data, the reference's draws beneath.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without an approximated mixture in the plane, and of a single series, of which the
        close-up shows more.
    """
    if view.dataset.rows.shape[1] != 2:
        return None
    every = [series for series in view.approximations if is_planar_mixture(series)]
    mixtures = [series for series in every if _is_visible(series, view)]
    has_close_up = view.reference is not None and is_planar_mixture(view.reference)
    if len(mixtures) < (2 if has_close_up else 1):
        return None
    n_columns = 2 if len(mixtures) == 4 else min(3, len(mixtures))
    n_rows = math.ceil(len(mixtures) / n_columns)
    figure = make_figure(dataset=view.dataset.name, height_in=7.4 / n_columns * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(mixtures) :]:
        axes.set_axis_off()
    known = False
    for axes, series in zip(grid.flat, mixtures, strict=False):
        draw_rows(axes, view.dataset)
        draw_reference(axes, view)
        for replicate in range(len(series.fits)):
            draw_contours(axes, series, replicate)
        known = draw_true_means(axes, view)
        _note_outside(axes, series)
        panel_title(axes, textwrap.fill(series.title, _TITLE_WIDTH))
    left_out = [series for series in every if series not in mixtures]
    figure.caption = _caption(view, left_out, known=known)
    figure.alt = (
        f"Contours of the component means over {view.dataset.name}, with one panel for each of "
        f"{', '.join(series.title for series in mixtures)}."
    )
    return figure


def _is_visible(series: Series, view: FigureData) -> bool:
    """Whether a fit's contours, or their distance from the reference, can be seen on the data."""
    reference = view.reference
    if reference is None or not is_planar_mixture(reference):
        return True
    size = _SPECK * float(np.ptp(view.dataset.rows, axis=0).max())
    for k in range(component_means(reference, relabelled=True).shape[2]):
        centre, _ = moments(reference, k, 0)
        for replicate in range(len(series.fits)):
            mean, covariance = moments(series, k, replicate)
            width = 2 * 2.45 * math.sqrt(float(np.linalg.eigvalsh(covariance).max()))
            if max(width, float(np.abs(mean - centre).max())) > size:
                return True
    return False


def _note_outside(axes: Axes, series: Series) -> None:
    """Count the fits that have a component outside of the axes."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    n_outside = 0
    for replicate in range(len(series.fits)):
        draws = component_means(series, relabelled=True, replicate=replicate)
        x, y = np.moveaxis(draws.mean(axis=(0, 1)), -1, 0)
        n_outside += not ((left < x) & (x < right) & (bottom < y) & (y < top)).all()
    if n_outside:
        note = f"outside: {n_outside} of {len(series.fits)}"
        axes.text(0.98, 0.03, note, transform=axes.transAxes, ha="right", fontsize=7.5)


def moments(series: Series, k: int, replicate: int) -> tuple[FloatArray, FloatArray]:
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


def draw_contours(
    axes: Axes, series: Series, replicate: int, only: int | None = None, label: str | None = None
) -> None:
    """Draw one fit's contours and centres, of one component or of all."""
    n_components = component_means(series, relabelled=True).shape[2]
    many = len(series.fits) > 1
    for k in range(n_components) if only is None else [only]:
        mean, covariance = moments(series, k, replicate)
        for level in _LEVELS[1:] if many else _LEVELS:
            ellipse = gaussian_ellipse(mean, covariance, level)
            ellipse.set(edgecolor=series.colour, linestyle=series.dashes, zorder=5)
            ellipse.set_linewidth(0.8 if many else 1.4)
            axes.add_patch(ellipse)
        # the line, of one point, is for the legend
        axes.plot(
            *mean,
            marker="+",
            color=series.colour,
            linestyle=series.dashes,
            linewidth=1.0,
            markersize=4 if many else 7,
            zorder=5,
            label=label,
        )


def draw_reference(axes: Axes, view: FigureData, only: int | None = None) -> None:
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


def reference_note(view: FigureData) -> str:
    """Say what the dots are."""
    if view.reference is None:
        return ""
    n_draws = min(_MOST_DRAWS, view.reference.n_draws)
    return f" Black dots: {n_draws:,} draws of {view.reference.title}."


def _caption(view: FigureData, left_out: Sequence[Series], *, known: bool) -> str:
    """Say what is drawn over the data."""
    text = (
        f"Approximations of the component means over `{view.dataset.name}`. Plus signs mark their "
        "centres; contours hold 50% and 95% (for replicates 95% only), computed from the mean and "
        f"covariance of the draws. {rows_note(view.dataset)}{reference_note(view)}"
    )
    if left_out:
        titles = ", ".join(series.title for series in left_out)
        text += f" Not shown, because at this scale they are dots on the reference: {titles}."
    return text + (" Crosses: the true means." if known else "")

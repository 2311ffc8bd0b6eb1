"""Data with posterior draws of a mixture's component means."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from harness.data.dataset import Dataset, FloatArray
from harness.fits.relabel import apply_permutation, by_first_coordinate
from harness.plot.panels import FigureData, Series, thin_draws
from harness.plot.style import (
    BLACK,
    COMPONENT_COLOURS,
    GREY,
    CaptionedFigure,
    make_figure,
    panel_title,
)

#: More rows than this are drawn as an evenly spaced part.
MOST_ROWS = 5_000
_MOST_DRAWS = 1_000
#: Lower left corners of the insets of components 1, 2, ..., as parts of the axes.
_CORNERS = ((0.02, 0.68), (0.68, 0.02), (0.02, 0.02), (0.68, 0.68))
#: Chains whose means differ by fewer of the reference's sds look the same.
_SAME_SDS = 0.5
#: Draws that reach less far than this part of the axes get an inset.
_SPECK = 0.05


def is_planar_mixture(series: Series) -> bool:
    """Whether a series has component means in the plane."""
    components = series.program.components
    return components is not None and series.raw()[components.means].shape[-1:] == (2,)


def component_means(series: Series, *, relabelled: bool, replicate: int = 0) -> FloatArray:
    """Return draws of the component means, shape (chain, draw, K, 2)."""
    components = series.program.components
    assert components is not None  # noqa: S101 - callers choose mixtures
    arrays = series.relabelled(replicate) if relabelled else series.raw(replicate)
    return arrays[components.means]


def draw_rows(axes: Axes, dataset: Dataset) -> None:
    """Scatter the rows, or an evenly spaced part of many, and set equal scales."""
    n_shown = min(MOST_ROWS, dataset.n_rows)
    chosen = np.linspace(0, dataset.n_rows - 1, n_shown).round().astype(int)
    rows = dataset.rows[chosen]
    many = n_shown > 1_000
    axes.scatter(
        rows[:, 0],
        rows[:, 1],
        s=2 if many else 9,
        color=GREY,
        alpha=0.25 if many else 0.55,
        linewidths=0,
        zorder=1,
    )
    low, high = rows.min(axis=0), rows.max(axis=0)
    centre, half = (low + high) / 2, 0.54 * float((high - low).max())
    axes.set(
        xlim=(centre[0] - half, centre[0] + half),
        ylim=(centre[1] - half, centre[1] + half),
        aspect="equal",
    )


def rows_note(dataset: Dataset) -> str:
    """Say how many of the rows are drawn."""
    if dataset.n_rows <= MOST_ROWS:
        return f"Grey: all {dataset.n_rows:,} rows."
    return f"Grey: {MOST_ROWS:,} of the {dataset.n_rows:,} rows, evenly spaced."


def draw_true_means(axes: Axes, view: FigureData) -> bool:
    """Mark the means that the data were drawn from, where they are known."""
    known = view.published.dataset(view.dataset.name) if view.published else None
    if known is None or not known.true_means:
        return False
    for mean in known.true_means:
        axes.plot(*mean[:2], marker="x", color=BLACK, markersize=6, markeredgewidth=1.2, zorder=2)
    return True


def true_means_note(view: FigureData) -> str:
    """Say what crosses are, empty where :func:`draw_true_means` draws none."""
    known = view.published.dataset(view.dataset.name) if view.published else None
    return " Crosses: the true means of the data." if known and known.true_means else ""


def labels_differ(series: Series) -> bool:
    """Whether relabelling does more than rename the components of all draws alike."""
    raw = component_means(series, relabelled=False)
    relabelled = component_means(series, relabelled=True)
    as_sampled, ordered = (np.sort(d.std(axis=(0, 1)), axis=None) for d in (raw, relabelled))
    return not np.allclose(as_sampled, ordered, rtol=1e-9)


def posterior_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw the data with the true means, then with the draws of each Markov chain method.

    A series whose labels switched is shown twice: as sampled, and relabelled.  Others are left
    out if they look like the reference.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a mixture in the plane.
    """
    every = [s for s in view.series if s.are_chains and is_planar_mixture(s)]
    if not every or view.dataset.rows.shape[1] != 2:
        return None
    mixtures = [series for series in every if not _looks_like_reference(series, view)]
    panels = _panels(mixtures)
    n_columns = 2
    n_rows = math.ceil((len(panels) + 1) / n_columns)
    figure = make_figure(dataset=view.dataset.name, height_in=3.1 * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(panels) + 1 :]:
        axes.set_axis_off()
    draw_rows(grid.flat[0], view.dataset)
    known = draw_true_means(grid.flat[0], view)
    panel_title(grid.flat[0], "data and true means" if known else "data")
    has_insets = False
    for axes, (title, draws) in zip(grid.flat[1:], panels, strict=False):
        draw_rows(axes, view.dataset)
        has_insets |= _draw_means(axes, draws)
        panel_title(axes, title)
    _component_legend(figure, panels[0][1].shape[2])
    left_out = [series for series in every if series not in mixtures]
    figure.caption = _posterior_caption(view, mixtures, left_out, has_insets=has_insets)
    figure.alt = (
        f"Scatter plots of {view.dataset.name} with draws of the component means: "
        f"{', '.join(title for title, _ in panels)}. {_where(panels)}"
    )
    return figure


def _looks_like_reference(series: Series, view: FigureData) -> bool:
    """Whether a series' draws are where the reference's are, each label at its own place."""
    reference = view.reference
    if reference is None or series is reference or not is_planar_mixture(reference):
        return False
    if labels_differ(series):
        return False
    own, theirs = (component_means(item, relabelled=True) for item in (series, reference))
    shift = np.abs(own.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1)))
    return bool((shift < _SAME_SDS * theirs.std(axis=(0, 1))).all())


def _panels(mixtures: Sequence[Series]) -> list[tuple[str, FloatArray]]:
    """Return titles and draws, a series whose labels switched twice."""
    panels = []
    for series in mixtures:
        raw = component_means(series, relabelled=False)
        if labels_differ(series):
            panels.append((f"{series.title}: as sampled", raw))
            relabelled = component_means(series, relabelled=True)
            panels.append((f"{series.title}: relabelled", relabelled))
        else:
            panels.append((series.title, raw))
    return panels


def _scatter_means(axes: Axes, thinned: FloatArray) -> None:
    """Scatter draws of the component means, draw by draw, so that no label covers another."""
    n_draws, n_components = thinned.shape[:2]
    cycle = COMPONENT_COLOURS * -(-n_components // len(COMPONENT_COLOURS))
    order = np.random.default_rng(0).permutation(n_draws * n_components)
    points = thinned.reshape(-1, 2)[order]
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=5,
        c=np.array(list(cycle[:n_components]) * n_draws)[order],
        alpha=0.5,
        linewidths=0,
        zorder=3,
    )


def _draw_means(axes: Axes, draws: FloatArray) -> bool:
    """Scatter draws of the component means; where they are specks, also close up: say whether."""
    thinned = thin_draws(draws, _MOST_DRAWS)
    _scatter_means(axes, thinned)
    places = by_first_coordinate(draws)
    ordered = apply_permutation(draws, places).reshape(-1, *draws.shape[2:])
    left, right = axes.get_xlim()
    has_insets = False
    for corner, k in zip(_CORNERS, range(ordered.shape[1]), strict=False):
        centre, reach = ordered[:, k].mean(axis=0), 3.5 * ordered[:, k].std(axis=0).max()
        if reach > _SPECK * (right - left):
            continue
        has_insets = True
        inset = axes.inset_axes((*corner, 0.3, 0.3))
        _scatter_means(inset, thinned)
        inset.set(
            xlim=(centre[0] - reach, centre[0] + reach),
            ylim=(centre[1] - reach, centre[1] + reach),
            xticks=[],
            yticks=[],
        )
        inset.spines[:].set_visible(True)
        axes.indicate_inset_zoom(inset, edgecolor=BLACK, linewidth=0.7)
    return has_insets


def _component_legend(figure: CaptionedFigure, n_components: int) -> None:
    """Say which colour is which label."""
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=colour)
        for colour in COMPONENT_COLOURS[:n_components]
    ]
    labels = [f"component {k + 1}" for k in range(n_components)]
    figure.legend(handles, labels, loc="outside lower center", ncols=n_components)


def _posterior_caption(
    view: FigureData, mixtures: Sequence[Series], left_out: Sequence[Series], *, has_insets: bool
) -> str:
    """Say what is drawn and what to look for."""
    n_draws = min(_MOST_DRAWS, *(series.n_draws for series in mixtures))
    text = f"`{view.dataset.name}` with posterior draws of the component means. "
    text += rows_note(view.dataset) + true_means_note(view)
    text += f" Colours: labels, {n_draws:,} draws of each component."
    if has_insets:
        text += " Insets magnify the squares that they are connected to."
    for series in mixtures:
        if labels_differ(series):
            text += (
                f" In {series.title} the labels switched: both colours appear at both places, "
                "until the components of every draw are ordered by their first coordinate."
            )
    if left_out:
        titles = ", ".join(series.title for series in left_out)
        text += f" Not shown, because they look the same as the first: {titles}."
    return text


def _where(panels: Sequence[tuple[str, FloatArray]]) -> str:
    """Say in words where the components lie in the last panel."""
    centres = panels[-1][1].mean(axis=(0, 1))
    places = [f"component {k + 1} at ({x:.2f}, {y:.2f})" for k, (x, y) in enumerate(centres)]
    return f"In the last panel {' and '.join(places)} on average."

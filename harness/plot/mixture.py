"""Data with posterior draws of a mixture's component means, and its weights."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from harness.datasets import Dataset, FloatArray
from harness.plot.panels import DatasetView, Series, thin_draws
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


def draw_true_means(axes: Axes, view: DatasetView) -> bool:
    """Mark the means that the data were drawn from, where they are known."""
    known = view.published.dataset(view.dataset.name) if view.published else None
    if known is None or not known.true_means:
        return False
    for mean in known.true_means:
        axes.plot(*mean[:2], marker="x", color=BLACK, markersize=7, markeredgewidth=1.6, zorder=6)
    return True


def labels_differ(series: Series) -> bool:
    """Whether relabelling does more than rename the components of all draws alike."""
    raw = component_means(series, relabelled=False)
    relabelled = component_means(series, relabelled=True)
    as_sampled, ordered = (np.sort(d.std(axis=(0, 1)), axis=None) for d in (raw, relabelled))
    return not np.allclose(as_sampled, ordered, rtol=1e-9)


def posterior_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw the data with the true means, then with the draws of each Markov chain method.

    A series whose labels switched is shown twice: as sampled, and relabelled.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a mixture in the plane.
    """
    mixtures = [s for s in view.series if s.are_chains and is_planar_mixture(s)]
    if not mixtures:
        return None
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
    for axes, (title, draws) in zip(grid.flat[1:], panels, strict=False):
        draw_rows(axes, view.dataset)
        _draw_means(axes, draws)
        panel_title(axes, title)
    figure.caption = _posterior_caption(view, mixtures, known=known)
    figure.alt = (
        f"Scatter plots of {view.dataset.name} with draws of the component means: "
        f"{', '.join(title for title, _ in panels)}. {_where(panels)}"
    )
    return figure


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


def _draw_means(axes: Axes, draws: FloatArray) -> None:
    """Scatter draws of the component means, each label in its colour."""
    thinned = thin_draws(draws, _MOST_DRAWS)
    for k in range(thinned.shape[1]):
        axes.scatter(
            thinned[:, k, 0],
            thinned[:, k, 1],
            s=5,
            color=COMPONENT_COLOURS[k % len(COMPONENT_COLOURS)],
            alpha=0.35,
            linewidths=0,
            zorder=3 + k,
            label=f"component {k + 1}",
        )
    legend = axes.legend(loc="lower right", markerscale=2.0, handletextpad=0.2)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def _posterior_caption(view: DatasetView, mixtures: Sequence[Series], *, known: bool) -> str:
    """Say what is drawn and what to look for."""
    text = f"`{view.dataset.name}` with posterior draws of the component means. "
    text += rows_note(view.dataset)
    if known:
        text += " Crosses: the means that the data were drawn from."
    text += f" Colours: labels, {_MOST_DRAWS:,} draws of each component."
    for series in mixtures:
        if labels_differ(series):
            text += (
                f" In {series.title} the labels switched: both colours stand at both places "
                "until every draw's components are ordered by their first coordinate."
            )
    return text


def _where(panels: Sequence[tuple[str, FloatArray]]) -> str:
    """Say in words where the components lie in the last panel."""
    centres = panels[-1][1].mean(axis=(0, 1))
    places = [f"component {k + 1} at ({x:.2f}, {y:.2f})" for k, (x, y) in enumerate(centres)]
    return f"In the last panel {' and '.join(places)} on average."


def weights_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw the mixture weights as bars with 90% intervals, a panel per component.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a mixture.
    """
    mixtures = [series for series in view.series if series.program.components]
    if not mixtures:
        return None
    shares = {series.key: _shares(series) for series in mixtures}
    n_components = shares[mixtures[0].key][0].shape[-1]
    height = 0.7 + 0.3 * len(mixtures)
    figure = make_figure(dataset=view.dataset.name, height_in=height)
    grid = figure.subplots(1, n_components, squeeze=False, sharey=True)
    for k, axes in enumerate(grid.flat):
        for row, series in enumerate(mixtures):
            _draw_bar(axes, row, series, [draws[..., k] for draws in shares[series.key]])
        axes.set_yticks(range(len(mixtures)), [series.title for series in mixtures])
        axes.set_ylim(len(mixtures) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set_xlabel("weight")
        panel_title(axes, f"component {k + 1}")
    known = view.published.dataset(view.dataset.name) if view.published else None
    true_shares = known.true_shares if known else ()
    for axes, share in zip(grid.flat, true_shares, strict=False):
        axes.axvline(share, color=BLACK, linestyle="--", linewidth=0.9)
    figure.caption = _weights_caption(view, mixtures, known=bool(true_shares))
    means = [
        f"{s.title} {np.mean([d[..., 0].mean() for d in shares[s.key]]):.3f}" for s in mixtures
    ]
    figure.alt = f"Bar chart of the mixture weights. Component 1: {', '.join(means)}."
    return figure


def _shares(series: Series) -> list[FloatArray]:
    """Return draws of the relabelled weights of each replicate, shape (chain, draw, K)."""
    components = series.program.components
    assert components is not None  # noqa: S101 - callers choose mixtures
    return [series.relabelled(i)[components.shares] for i in range(len(series.fits))]


def _draw_bar(axes: Axes, row: int, series: Series, replicates: list[FloatArray]) -> None:
    """Draw a bar for the mean over replicates, and an interval for each of them."""
    mean = float(np.mean([draws.mean() for draws in replicates]))
    axes.barh(row, mean, height=0.74, color=series.colour, alpha=0.45, linewidth=0)
    n = len(replicates)
    offsets = np.linspace(-0.3, 0.3, n) if n > 1 else np.zeros(1)
    for offset, draws in zip(offsets, replicates, strict=True):
        low, high = np.quantile(draws, [0.05, 0.95])
        y = row + float(offset)
        axes.plot([low, high], [y, y], color=BLACK, linewidth=1.4 if n == 1 else 0.7)
        axes.plot(draws.mean(), y, "o", color=BLACK, markersize=3 if n == 1 else 1.4)


def _weights_caption(view: DatasetView, mixtures: Sequence[Series], *, known: bool) -> str:
    """Say what bars, lines and dashes are."""
    text = (
        f"Mixture weights on `{view.dataset.name}`: posterior mean (bar and dot) and central 90% "
        "interval (line), components ordered by their first coordinate."
    )
    if any(len(series.fits) > 1 for series in mixtures):
        text += " Of replicates, the bar is the mean, and each has its own interval."
    if known:
        text += " Dashed: the weights that the data were drawn with."
    return text

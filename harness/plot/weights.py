"""A mixture's weights as bars."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes

from harness.data.dataset import FloatArray
from harness.plot.panels import FigureData, Series
from harness.plot.style import BLACK, CaptionedFigure, make_figure, panel_title

#: A narrower interval looks like a dot on an axis from 0 to 1.
_SPECK = 0.02


def weights_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw the mixture weights as bars with 90% intervals, a panel per component.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None without a mixture, or where the intervals are too narrow to be seen on bars.
    """
    mixtures = [series for series in view.series if series.program.components]
    shares = {series.key: _shares(series) for series in mixtures}
    if not mixtures or _are_specks(shares.values()):
        return None
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


def _are_specks(shares: Iterable[list[FloatArray]]) -> bool:
    """Whether most fits have intervals that look like dots between 0 and 1."""
    draws = [replicate[..., 0] for series in shares for replicate in series]
    widths = [np.subtract(*np.quantile(item, [0.95, 0.05])) for item in draws]
    return float(np.median(widths)) < _SPECK


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


def _weights_caption(view: FigureData, mixtures: Sequence[Series], *, known: bool) -> str:
    """Say what bars, lines and dashes are."""
    text = (
        f"Mixture weights on `{view.dataset.name}`: posterior mean (bar and dot) and central 90% "
        "interval (line), components ordered by their first coordinate."
    )
    if any(len(series.fits) > 1 for series in mixtures):
        text += " For replicates, the bar shows the mean, and each replicate has its own interval."
    if known:
        text += " Dashed lines: the true weights of the data."
    return text

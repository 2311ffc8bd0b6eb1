"""ELBO traces of the variational runs."""

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.datasets import FloatArray
from harness.fit import Fit
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
from harness.published import PublishedRun


def elbo_figure(view: DatasetView) -> CaptionedFigure | None:
    """Draw ELBO against iteration, a panel for each objective.

    Values compare only where rows and likelihood weight are the same, so these share a panel.
    Its axis is stretched towards the best value, where runs differ by few nats; of replicates
    it shows the levels that they end at.

    Parameters
    ----------
    view : DatasetView
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None if no run has a trace.
    """
    traced = [s for s in view.approximations if any(_trace(fit)[0].size for fit in s.fits)]
    groups = by_objective(traced, view.dataset)
    if not groups:
        return None
    n_columns = len(groups) if len(groups) <= 3 else 2
    n_rows = -(-len(groups) // n_columns)
    figure = make_figure(dataset=view.dataset.name, height_in=2.9 * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in grid.flat[len(groups) :]:
        axes.set_axis_off()
    for axes, (objective, members) in zip(grid.flat, groups.items(), strict=False):
        _draw_panel(axes, view, objective, members)
    legend_below(figure, grid.flat[: len(groups)])
    figure.caption = _caption(view, groups)
    figure.alt = _alt(view, groups)
    return figure


def _trace(fit: Fit) -> tuple[FloatArray, FloatArray]:
    """Return iterations and finite ELBO values, both empty if there are none."""
    if fit.draws is None or "elbo_trace" not in fit.draws.children:
        return np.empty(0), np.empty(0)
    trace = fit.draws["elbo_trace"]
    iteration = trace["iteration"].to_numpy().astype(np.float64)
    elbo = trace["elbo"].to_numpy()
    finite = np.isfinite(elbo)
    return iteration[finite], elbo[finite]


def _published_runs(view: DatasetView, objective: Objective) -> list[PublishedRun]:
    """Return the published runs whose ELBO is of this objective."""
    if view.published is None:
        return []
    return [
        run
        for run in view.published.runs_on(view.dataset.name)
        if run.elbo is not None
        and (run.n_rows or view.dataset.n_rows, run.likelihood_weight or 1.0) == objective
    ]


def _draw_panel(
    axes: Axes, view: DatasetView, objective: Objective, members: Sequence[Series]
) -> None:
    """Draw all runs of one objective, and what was published of it."""
    traces = [
        (series, *_trace(fit)) for series in members for fit in series.fits if _trace(fit)[1].size
    ]
    for series, iteration, elbo in traces:
        many = len(series.fits) > 1
        axes.plot(
            iteration,
            elbo,
            color=series.colour,
            linewidth=0.8 if many else 1.3,
            label=legend_label(series),
        )
        axes.plot(iteration[-1], elbo[-1], "o", color=series.colour, markersize=3.5)
    lines = _draw_published(axes, view, objective)
    if len(traces) > len(members):
        _clip(axes, [*lines, *(float(elbo[-1]) for _, _, elbo in traces)])
    else:
        extremes = [float(end) for _, _, elbo in traces for end in (elbo.min(), elbo.max())]
        _stretch(axes, low=min(lines + extremes), top=max(lines + extremes))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick_label))
    axes.set_xscale("log")
    axes.set_xlabel("iteration")
    axes.set_ylabel("ELBO (nats)")
    panel_title(axes, objective_title(view.dataset, objective))


def _draw_published(axes: Axes, view: DatasetView, objective: Objective) -> list[float]:
    """Draw lines at published ELBOs and return these."""
    drawn = []
    for run, dashes in zip(_published_runs(view, objective), cycle(("--", ":", "-."))):
        assert run.elbo is not None and view.published is not None  # noqa: S101, PT018
        label = f"{view.published.name}: {run.title}, {_with_minus(f'{run.elbo:g}')}"
        axes.axhline(run.elbo, color=GREY, linestyle=dashes, linewidth=1.1, label=label)
        drawn.append(run.elbo)
    return drawn


def _clip(axes: Axes, levels: Sequence[float]) -> None:
    """Show the range that runs end in, and as much again below it."""
    low, high = min(levels), max(levels)
    span = max(high - low, 1.0)
    axes.set_ylim(low - span, high + 0.15 * span)


def _stretch(axes: Axes, *, low: float, top: float) -> None:
    """Scale the axis by the logarithm of the distance below the best value."""
    axes.set_yscale(
        "function",
        functions=(
            lambda elbo: -np.log10(1 + np.maximum(top - elbo, -0.9)),
            lambda scaled: top + 1 - 10**-scaled,
        ),
    )
    reach = max(top - low, 3.0)
    axes.yaxis.set_major_locator(FixedLocator(_ticks(top, reach)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(top - 1.5 * reach, top + 0.5)


def _ticks(top: float, reach: float) -> list[float]:
    """Return round values at about 1, 3, 10, 30, ... below the best; fewer where they span much."""
    steps = (1.0, 3.0) if reach < 3_000 else (1.0,)
    smallest = max(0, math.floor(math.log10(max(abs(top), 1.0))) - 4)
    ticks = []
    for power in range(smallest, math.ceil(math.log10(reach)) + 1):
        size = 10.0**power
        ticks += [math.floor(top / size - step + 1e-9) * size for step in steps]
    return sorted({tick for tick in ticks if tick >= top - 1.5 * reach})


def _tick_label(value: float, _: int | None) -> str:
    """Return a whole number with its thousands separated."""
    return _with_minus(f"{value:,.0f}")


def _with_minus(number: str) -> str:
    """Return a number with a typographic minus."""
    return number.replace("-", "\N{MINUS SIGN}")


def _caption(view: DatasetView, groups: dict[Objective, list[Series]]) -> str:
    """Say what the panels hold and how to read their axes."""
    text = (
        f"ELBO of the variational runs on `{view.dataset.name}`, as CmdStan estimated it during "
        "the run; the dot is where the run stopped."
    )
    replicated = [any(len(s.fits) > 1 for s in members) for members in groups.values()]
    if not all(replicated):
        text += " The vertical axis is logarithmic in the distance below the panel's best value" + (
            ", except with replicates." if any(replicated) else "."
        )
    if any(replicated):
        text += (
            " With replicates the axis is linear and begins near where they end; each replicate "
            "has other rows and so another ELBO."
        )
    if len(groups) > 1:
        text += (
            " Each panel has its own scale, because ELBOs compare only where the rows and the "
            "likelihood weight are the same."
        )
    if view.published and any(_published_runs(view, objective) for objective in groups):
        text += f" Grey lines: minus the average loss that the {view.published.name} prints."
    return text


def _alt(view: DatasetView, groups: dict[Objective, list[Series]]) -> str:
    """Say in words where the runs end."""
    parts = []
    for objective, members in groups.items():
        ends = []
        for series in members:
            last = [float(_trace(fit)[1][-1]) for fit in series.fits if _trace(fit)[1].size]
            span = f"{last[0]:,.0f}" if len(last) == 1 else f"{min(last):,.0f} to {max(last):,.0f}"
            ends.append(f"{series.title} ends at {span}")
        parts.append(f"With {objective_title(view.dataset, objective)}: {', '.join(ends)}.")
    return f"Line plot of ELBO against iteration. {' '.join(parts)}"

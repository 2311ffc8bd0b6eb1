"""ELBO traces of the variational runs."""

import math
import textwrap
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.data.dataset import FloatArray
from harness.fits.fit import Fit
from harness.plot.limits import cutoff, named_counts
from harness.plot.objectives import Kind, by_kind, kind_title, objective_kind
from harness.plot.panels import FigureData, Objective, Series, legend_label
from harness.plot.style import BLACK, GREY, CaptionedFigure, make_figure, panel_title
from harness.study.published import PublishedRun

#: A run to all rows that ends this many times the median distance below the best is left out;
#: the axis is logarithmic, so that it has room for three powers of ten.
_BEYOND_BEST = 1_000.0
#: No axis tells larger values apart; a run that goes there has lost its way.
_MOST_ELBO = 1e12
#: A run on a part of the rows is left out at this many times the median distance from the middle.
_BEYOND_MIDDLE = 20.0
#: Characters of a line in a legend beside a panel.
_LEGEND_WIDTH = 40

#: A series, iterations, and ELBOs in the panel's unit.
Trace = tuple[Series, FloatArray, FloatArray]


def elbo_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw ELBO against iteration: all rows, weighted parts of them, unweighted parts.

    On all rows ELBOs compare to the nat, and the axis is stretched towards the best value, where
    runs differ by few.  Those of weighted parts are on the same scale but scatter with
    the rows; those of unweighted parts of several sizes are given per row.

    Parameters
    ----------
    view : FigureData
        One data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None if no run has a trace.
    """
    traced = [s for s in view.approximations if any(_trace(fit)[0].size for fit in s.fits)]
    groups = by_kind(traced, view.dataset)
    if not groups:
        return None
    figure = make_figure(dataset=view.dataset.name, height_in=2.3 * len(groups))
    grid = figure.subplots(len(groups), 1, squeeze=False)
    for axes, (kind, members) in zip(grid.flat, groups.items(), strict=True):
        _draw_panel(axes, view, kind, members)
        if kind is Kind.WEIGHTED and Kind.FULL in groups:
            _draw_full_level(axes, groups[Kind.FULL])
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)
    grid.flat[-1].set_xlabel("iteration")
    is_cut = any(axes.texts for axes in grid.flat)
    figure.caption = _caption(view, groups, is_cut=is_cut)
    figure.alt = _alt(view, groups)
    return figure


def _trace(fit: Fit) -> tuple[FloatArray, FloatArray]:
    """Return iterations and ELBO values that can be drawn, both empty if there are none."""
    draws = None if fit.draws is None else fit.read_draws()
    if draws is None or "elbo_trace" not in draws.children:
        return np.empty(0), np.empty(0)
    trace = draws["elbo_trace"]
    iteration = trace["iteration"].to_numpy().astype(np.float64)
    elbo = trace["elbo"].to_numpy()
    drawable = np.abs(elbo) < _MOST_ELBO  # false for NaN too
    return iteration[drawable], elbo[drawable]


def _published_runs(view: FigureData, kind: Kind) -> list[PublishedRun]:
    """Return the published runs whose ELBO belongs into a panel."""
    if view.published is None:
        return []
    runs = view.published.runs_on(view.dataset.name)
    return [
        run
        for run in runs
        if run.elbo is not None and objective_kind(view.dataset, _objective(view, run)) is kind
    ]


def _objective(view: FigureData, run: PublishedRun) -> Objective:
    """Return the rows and the weight of a published run."""
    return run.n_rows or view.dataset.n_rows, run.likelihood_weight or 1.0


def _is_per_row(view: FigureData, kind: Kind, members: Sequence[Series]) -> bool:
    """Whether a panel gives ELBOs per row: only so do unweighted parts of many sizes compare."""
    sizes = {series.objective[0] for series in members}
    sizes |= {_objective(view, run)[0] for run in _published_runs(view, kind)}
    return kind is Kind.UNWEIGHTED and len(sizes) > 1


def _draw_panel(axes: Axes, view: FigureData, kind: Kind, members: Sequence[Series]) -> None:
    """Draw all runs of one kind, and what was published of it."""
    per_row = _is_per_row(view, kind, members)
    traces: list[Trace] = []
    for series in members:
        unit = series.objective[0] if per_row else 1
        found = [_trace(fit) for fit in series.fits]
        own = [(series, iteration, elbo / unit) for iteration, elbo in found if elbo.size]
        _draw_traces(axes, own)
        traces += own
    lines = _draw_published(axes, view, kind, per_row=per_row)
    if kind is Kind.FULL:
        beyond = _show_best(axes, traces, lines)
    else:
        beyond = _show_middle(axes, traces, lines, smallest=1.0 / (100 if per_row else 1))
    _name_beyond(axes, members, beyond)
    axes.set_xscale("log")
    axes.set_ylabel("ELBO per row (nats)" if per_row else "ELBO (nats)")
    if not per_row:
        axes.yaxis.set_major_formatter(FuncFormatter(_tick_label))
    panel_title(axes, kind_title(view.dataset, kind, members))


def _draw_traces(axes: Axes, traces: Sequence[Trace]) -> None:
    """Draw the replicates of one series, with a dot where each ends."""
    for i, (series, iteration, elbo) in enumerate(traces):
        label = textwrap.fill(legend_label(series), _LEGEND_WIDTH) if i == 0 else None
        width = 0.8 if len(series.fits) > 1 else 1.3
        look: dict[str, Any] = {"color": series.colour, "linestyle": series.dashes}
        axes.plot(iteration, elbo, linewidth=width, label=label, **look)
        axes.plot(iteration[-1], elbo[-1], "o", color=series.colour, markersize=3.5)


def _draw_published(axes: Axes, view: FigureData, kind: Kind, *, per_row: bool) -> list[float]:
    """Draw lines at published ELBOs and return these."""
    drawn = []
    for run, dashes in zip(_published_runs(view, kind), cycle(("--", ":", "-."))):
        assert run.elbo is not None and view.published is not None  # noqa: S101, PT018
        level = run.elbo / (_objective(view, run)[0] if per_row else 1)
        label = f"{view.published.name}: {run.title}, {_with_minus(f'{run.elbo:g}')}"
        label = textwrap.fill(label, _LEGEND_WIDTH)
        axes.axhline(level, color=GREY, linestyle=dashes, linewidth=1.1, label=label)
        drawn.append(level)
    return drawn


def _draw_full_level(axes: Axes, members: Sequence[Series]) -> None:
    """Mark the best ELBO on all rows in a panel of the same scale."""
    found = [_trace(fit)[1] for series in members for fit in series.fits]
    best = max(float(elbo[-1]) for elbo in found if elbo.size)
    axes.axhline(
        best, color=BLACK, linewidth=0.9, linestyle=(0, (1, 1)), label="best run on all rows"
    )


def _show_best(axes: Axes, traces: Sequence[Trace], lines: Sequence[float]) -> list[Series]:
    """Stretch the axis towards the best end; return the series of the runs that end beyond."""
    ends = [float(elbo[-1]) for _, _, elbo in traces]
    top = max([*(float(elbo.max()) for _, _, elbo in traces), *lines])
    reach = cutoff([max(ends) - end for end in ends], factor=_BEYOND_BEST, floor=100.0)
    values = [float(value) for _, _, elbo in traces for value in (elbo.min(), elbo[-1])]
    _stretch(axes, low=min([*(v for v in values if v >= top - reach), *lines]), top=top)
    return [trace[0] for trace, end in zip(traces, ends, strict=True) if end < top - reach]


def _show_middle(
    axes: Axes, traces: Sequence[Trace], lines: Sequence[float], *, smallest: float
) -> list[Series]:
    """Show the range that runs end in and half as much below; return the series beyond."""
    ends = np.array([float(elbo[-1]) for _, _, elbo in traces])
    distances = np.abs(ends - np.median(ends))
    inside = distances <= cutoff(distances.tolist(), factor=_BEYOND_MIDDLE, floor=smallest)
    levels = [*ends[inside].tolist(), *lines]
    low, high = min(levels), max(levels)
    span = max(high - low, smallest)
    axes.set_ylim(low - 0.5 * span, high + 0.15 * span)
    return [trace[0] for trace, shown in zip(traces, inside, strict=True) if not shown]


def _name_beyond(axes: Axes, members: Sequence[Series], beyond: Sequence[Series]) -> None:
    """Name the runs that end outside of the axis."""
    keys = [series.key for series in beyond]
    names = named_counts([(s.title, keys.count(s.key), len(s.fits)) for s in members])
    if names:
        note = textwrap.fill(f"outside: {', '.join(names)}", 60)
        axes.text(0.99, 0.03, note, transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5)


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


def _caption(view: FigureData, groups: dict[Kind, list[Series]], *, is_cut: bool) -> str:
    """Say what the panels hold and how to read their axes."""
    text = (
        f"ELBO of the variational runs on `{view.dataset.name}`, as it was estimated during the "
        "run; the dot is where the run stopped."
    )
    sizes = {len(series.fits) for members in groups.values() for series in members}
    if max(sizes) > 1:
        text += (
            " Replicates have the colour of their series; \N{MULTIPLICATION SIGN}"
            f"{max(sizes)} behind a name says that there are {max(sizes)}."
        )
    if Kind.FULL in groups:
        text += " For all rows the axis is logarithmic in the distance from the best value."
    if Kind.WEIGHTED in groups:
        text += (
            " ELBOs of weighted subsamples are on the scale of all rows, but vary with the rows "
            "that they use."
        )
    if Kind.UNWEIGHTED in groups:
        text += " Those of unweighted subsamples are on another scale"
        per_row = _is_per_row(view, Kind.UNWEIGHTED, groups[Kind.UNWEIGHTED])
        text += ", per row, so that different sizes can be compared." if per_row else "."
    if is_cut:
        text += " Runs that end far from the others are named as outside the panel."
    if view.published and any(_published_runs(view, kind) for kind in groups):
        text += f" Grey lines: minus the average loss that the {view.published.name} prints."
    return text


def _alt(view: FigureData, groups: dict[Kind, list[Series]]) -> str:
    """Say in words where the runs end."""
    parts = []
    for kind, members in groups.items():
        ends = []
        for series in members:
            last = [float(_trace(fit)[1][-1]) for fit in series.fits if _trace(fit)[1].size]
            span = f"{last[0]:,.0f}" if len(last) == 1 else f"{min(last):,.0f} to {max(last):,.0f}"
            ends.append(f"{series.title} ends at {span}")
        parts.append(f"With {kind_title(view.dataset, kind, members)}: {', '.join(ends)}.")
    return f"Line plot of ELBO against iteration. {' '.join(parts)}"

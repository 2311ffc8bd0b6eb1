"""Sweeps: error and verdict over what is swept, a panel for each series."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from harness.messages.numerals import numeral
from harness.plot.gain import LOOKS
from harness.plot.style import BLACK, LIGHT_GREY, CaptionedFigure, make_figure
from harness.study.series import file_stem
from harness.verdict.outcome import Verdict
from harness.verdict.rules import MEAN_LIMIT_SD

#: Errors outside have the colours of the ends.
_LEAST, _MOST = 0.01, 10.0
_COLOURS = "cividis_r"
#: Panels of two keys beside one another.
_ACROSS = 3
#: The scale of colours has a label beside it, which needs so much of height.
_SCALE_IN = 1.8
_SHORT = {
    Verdict.TRUST: "trust",
    Verdict.MARGINALS: "marg.",
    Verdict.MEANS_ONLY: "means",
    Verdict.UNKNOWN: "?",
    Verdict.DO_NOT_TRUST: "no",
}


@dataclass(frozen=True, kw_only=True)
class SweptOutcome:
    """What came of a series with some values of what is swept.

    Attributes
    ----------
    dataset : str
        What the data set is made from.
    title : str
        Of the series, without what is swept.
    options : Mapping
        The values.
    error_sd : float or None
        Largest error of a mean in the reference's sds, None if it is unknown.
    verdict : str
        Empty if there is none.
    """

    dataset: str
    title: str
    options: Mapping[str, Any]
    error_sd: float | None
    verdict: str


@dataclass(frozen=True)
class _Panel:
    """A heat map: by column and row what came out."""

    title: str
    columns: str
    rows: str
    cells: Mapping[tuple[str, str], SweptOutcome]

    @property
    def across(self) -> list[str]:
        """Values of its columns."""
        return list(dict.fromkeys(column for column, _ in self.cells))

    @property
    def down(self) -> list[str]:
        """Values of its rows, from the lowest up; series stand as in tables, the first on top."""
        values = list(dict.fromkeys(row for _, row in self.cells))
        return values if self.rows else values[::-1]


def heat_figures(outcomes: Sequence[SweptOutcome]) -> dict[str, CaptionedFigure]:
    """Draw errors and verdicts over what is swept.

    Parameters
    ----------
    outcomes : sequence of SweptOutcome
        Of a whole study, in its order.

    Returns
    -------
    dict
        By name two figures for each data set that is swept, or on which a method is; errors alone
        over a single key, where a table has the verdicts.
    """
    figures = {}
    for dataset in dict.fromkeys(item.dataset for item in outcomes if item.options):
        mine = [item for item in outcomes if item.dataset == dataset and item.options]
        panels = list(_panels(mine))
        for what, fill in (("error", _error_cell), ("verdict", _verdict_cell)):
            if what == "verdict" and not any(panel.rows for panel in panels):
                continue
            figure = _figure(panels, fill, has_scale=what == "error")
            figure.caption = _caption(dataset, what, mine)
            told = "; ".join(_told(panel, what) for panel in panels)
            figure.alt = f"Heat maps of the {what} on {dataset}. {told}."
            figures[f"{file_stem(dataset)}_sweep_{what}"] = figure
    return figures


def _panels(outcomes: Sequence[SweptOutcome]) -> Iterator[_Panel]:
    """Give a panel for each series with two options, and one for all series with one."""
    for axes in dict.fromkeys(tuple(item.options) for item in outcomes):
        mine = [item for item in outcomes if tuple(item.options) == axes]
        if len(axes) == 1:
            cells = {(str(item.options[axes[0]]), item.title): item for item in mine}
            yield _Panel("", axes[0], "", cells)
            continue
        first, second, *others = axes
        groups: dict[str, dict[tuple[str, str], SweptOutcome]] = {}
        for item in mine:
            kept = ", ".join(f"{name}={item.options[name]}" for name in others)
            title = f"{item.title} {kept}".strip()
            at = (str(item.options[first]), str(item.options[second]))
            groups.setdefault(title, {})[at] = item
        for title, cells in groups.items():
            yield _Panel(title, first, second, cells)


def _figure(panels: Sequence[_Panel], fill: Any, *, has_scale: bool) -> CaptionedFigure:
    """Draw the panels in lines, and what their colours mean beside them."""
    lines: list[list[_Panel]] = []
    for panel in panels:
        if not panel.rows or not lines or len(lines[-1]) == _ACROSS or not lines[-1][0].rows:
            lines.append([])
        lines[-1].append(panel)
    heights = [1.0 + 0.26 * max(len(panel.down) for panel in line) for line in lines]
    height = 0.2 + sum(heights)
    figure = make_figure(dataset="", height_in=max(height, _SCALE_IN) if has_scale else height)
    widths = [1.0, 0.025] if has_scale else [1.0]
    grid = figure.add_gridspec(len(lines), len(widths), height_ratios=heights, width_ratios=widths)
    for i, line in enumerate(lines):
        places = grid[i, 0].subgridspec(1, _ACROSS if line[0].rows else 1)
        for j, panel in enumerate(line):
            _draw(figure.add_subplot(places[j]), panel, fill)
    if has_scale:
        _colour_bar(figure, figure.add_subplot(grid[:, 1]))
    return figure


def _draw(axes: Axes, panel: _Panel, fill: Any) -> None:
    """Draw a panel: a square with a text for each combination."""
    across, down = panel.across, panel.down
    axes.set(xlim=(0, len(across)), ylim=(0, len(down)), xlabel=panel.columns, ylabel=panel.rows)
    axes.set_xticks(np.arange(len(across)) + 0.5, across)
    axes.set_yticks(np.arange(len(down)) + 0.5, down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(panel.title)
    for (column, row), item in panel.cells.items():
        x, y = across.index(column), down.index(row)
        colour, text = fill(item)
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", linewidth=1))
        is_dark = np.dot(to_rgba(colour)[:3], (0.299, 0.587, 0.114)) < 0.5
        ink = "white" if is_dark else BLACK
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=6.5, color=ink)


def _scale() -> ScalarMappable:
    return ScalarMappable(LogNorm(_LEAST, _MOST), _COLOURS)


def _error_cell(item: SweptOutcome) -> tuple[Any, str]:
    """Return the colour of an error and its number."""
    if item.error_sd is None:
        return LIGHT_GREY, "n/a"
    return _scale().to_rgba(np.array(max(item.error_sd, _LEAST))), numeral(item.error_sd, 2)


def _verdict_cell(item: SweptOutcome) -> tuple[Any, str]:
    """Return the colour of a verdict and a word for it."""
    if item.verdict not in LOOKS:
        return "white", "n/a"
    return LOOKS[item.verdict][0], _SHORT[Verdict(item.verdict)]


def _colour_bar(figure: Figure, axes: Axes) -> None:
    """Say what the colours of errors mean."""
    bar = figure.colorbar(_scale(), cax=axes, extend="both")
    bar.set_label("largest error of a mean\n(reference sds)")
    bar.ax.axhline(MEAN_LIMIT_SD, color=BLACK, linewidth=1)


def _told(panel: _Panel, what: str) -> str:
    """Say the content of a panel."""
    said = []
    for (column, row), item in panel.cells.items():
        value = item.verdict or "none"
        if what == "error":
            value = "n/a" if item.error_sd is None else numeral(item.error_sd, 2)
        said.append(f"{panel.columns} {column}, {panel.rows} {row}: {value}".replace(",  ", ", "))
    return f"{panel.title}: {', '.join(said)}" if panel.title else ", ".join(said)


def _caption(dataset: str, what: str, outcomes: Sequence[SweptOutcome]) -> str:
    """Say what the panels show."""
    if what == "verdict":
        text = f"Verdicts on `{dataset}` over what is swept (for replicates the worst)."
        short = {item.verdict: _SHORT[Verdict(item.verdict)] for item in outcomes if item.verdict}
        told = [f"“{word}” is {verdict}" for verdict, word in short.items() if word != verdict]
        return f"{text} In the cells {', '.join(told)}." if told else text
    text = (
        f"Largest error of a mean on `{dataset}` over what is swept, in reference sds (for "
        f"replicates the median). The line in the scale is the limit of {MEAN_LIMIT_SD:g} sds."
    )
    if any(item.error_sd is None for item in outcomes):
        text += " n/a: no errors, because the reference failed its checks or there is no fit."
    return text

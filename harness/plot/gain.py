"""What is gained: the error of each fit against its time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from harness.messages.numerals import numeral
from harness.plot.panels import FigureData, Outcome
from harness.plot.style import (
    BLACK,
    GREEN,
    GREY,
    LIGHT_GREY,
    ORANGE,
    SKY,
    VERMILION,
    CaptionedFigure,
    make_figure,
)
from harness.verdict.outcome import Verdict
from harness.verdict.rules import MEAN_LIMIT_SD

#: Colours of verdicts, and marks, so that none is told by its colour alone.
LOOKS: Mapping[str, tuple[str, str]] = {
    Verdict.TRUST: (GREEN, "o"),
    Verdict.MARGINALS: (SKY, "D"),
    Verdict.MEANS_ONLY: (ORANGE, "s"),
    Verdict.UNKNOWN: (GREY, "P"),
    Verdict.DO_NOT_TRUST: (VERMILION, "X"),
}
#: Errors below this say nothing more: they are drawn at the lower edge.
_LEAST_ERROR = 1e-3
#: The axis ends here; what is worse stands at the upper edge.
_MOST_ERROR = 1e3
_HEIGHT_IN = 3.6
#: Of a label of one letter, in parts of the axes' width and height.
_LETTER, _LINE = 0.0092, 0.04
#: Where a label may stand beside its mark, in lines above it: the nearest free place is taken.
_PLACES = sorted((0.6 * step for step in range(-18, 19)), key=abs)


@dataclass(frozen=True)
class _Label:
    """A series' name beside one of its marks, in parts of the axes."""

    x: float
    y: float
    text: str
    is_left: bool
    mark_y: float = 0.0

    @property
    def ends(self) -> tuple[float, float]:
        """Where it begins and ends across."""
        width = _LETTER * len(self.text)
        return (self.x - width, self.x) if self.is_left else (self.x, self.x + width)

    def overlaps(self, other: "_Label") -> bool:
        """Whether two labels cover each other."""
        (a, b), (c, d) = self.ends, other.ends
        return abs(self.y - other.y) < _LINE and a < d and c < b


def gain_figure(view: FigureData) -> CaptionedFigure | None:
    """Draw the largest error of a mean against the time of the fit, a mark for each fit.

    Parameters
    ----------
    view : FigureData
        One data set's fits with their outcomes.

    Returns
    -------
    CaptionedFigure or None
        None without two fits whose error and time are known.
    """
    outcomes = view.outcomes
    if len(outcomes) < 2:
        return None
    figure = make_figure(dataset=view.dataset.name, height_in=_HEIGHT_IN)
    axes = figure.subplots()
    set_axes(axes, outcomes)
    usual = next((item for item in outcomes if item.is_usual), None)
    _draw_lines(axes, outcomes, usual)
    for item in outcomes:
        colour, mark = LOOKS[item.verdict]
        axes.plot(
            item.fit_time_s, shown_error(item.error_sd), mark, color=colour, ms=5.5, mec="white"
        )
    draw_names(axes, outcomes)
    draw_legend(axes, outcomes)
    figure.caption = _caption(view, usual)
    figure.alt = (
        f"Log-log plot of the largest error of a mean against the time of the fit on "
        f"{view.dataset.name}, a mark for each fit: {'; '.join(_told(outcomes))}."
    )
    return figure


def _draw_lines(axes: Axes, outcomes: Sequence[Outcome], usual: Outcome | None) -> None:
    """Draw what marks are to be seen against: the limit, the frontier, and NUTS as it is used."""
    axes.axhspan(
        MEAN_LIMIT_SD, _MOST_ERROR * 2, color=LIGHT_GREY, alpha=0.35, linewidth=0, zorder=0
    )
    if usual is not None:
        for draw, at in (
            (axes.axvline, usual.fit_time_s),
            (axes.axhline, shown_error(usual.error_sd)),
        ):
            draw(at, color=BLACK, linewidth=0.7, linestyle="--", zorder=1)
    corners = frontier(outcomes)
    axes.plot(
        [item.fit_time_s for item in corners],
        [shown_error(item.error_sd) for item in corners],
        color=GREY,
        linewidth=1.0,
        drawstyle="steps-post",
        zorder=1,
    )
    for mine in by_series(outcomes).values():
        middle = mine[len(mine) // 2]
        for item in mine:
            axes.plot(
                [middle.fit_time_s, item.fit_time_s],
                [shown_error(middle.error_sd), shown_error(item.error_sd)],
                color=SKY,
                linewidth=0.6,
                zorder=1,
            )


def by_series(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the fits of each series, those with smaller errors first."""
    found: dict[str, list[Outcome]] = {}
    for item in sorted(outcomes, key=lambda each: each.error_sd):
        found.setdefault(item.title, []).append(item)
    return {title: found[title] for title in dict.fromkeys(item.title for item in outcomes)}


def frontier(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the fits that no faster fit is as accurate as, the fastest first (pure)."""
    best: list[Outcome] = []
    for item in sorted(outcomes, key=lambda each: (each.fit_time_s, each.error_sd)):
        if not best or item.error_sd < best[-1].error_sd:
            best.append(item)
    return best


def shown_error(error_sd: float) -> float:
    """Return where an error is drawn, which may be the edge of the axes."""
    return float(np.clip(error_sd, _LEAST_ERROR, _MOST_ERROR))


def set_axes(
    axes: Axes, outcomes: Sequence[Outcome], *, xlabel: str = "time of the fit (s)"
) -> None:
    """Make both axes logarithmic, with room for labels."""
    times = [item.fit_time_s for item in outcomes]
    errors = [shown_error(item.error_sd) for item in outcomes] + [MEAN_LIMIT_SD]
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(min(times) / 1.6, max(times) * 3.0),
        ylim=(min(errors) / 3.0, max(errors) * 3.0),
        xlabel=xlabel,
        ylabel="largest error of a mean (reference sds)",
    )
    axes.grid(visible=True, color=GREY, alpha=0.2, linewidth=0.5)


def draw_names(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """Write each series' name at its median mark, with a line to it where it stands apart."""
    for label in _named_places(axes, outcomes):
        is_far = abs(label.y - label.mark_y) > _LINE
        axes.annotate(
            label.text,
            (label.x, label.mark_y),
            xytext=(label.x, label.y),
            xycoords="axes fraction",
            fontsize=6.5,
            va="center",
            ha="right" if label.is_left else "left",
            # names can be read where the frontier or a dashed line crosses them
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
            zorder=2.5,
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.5} if is_far else None,
        )


def _named_places(axes: Axes, outcomes: Sequence[Outcome]) -> Iterator[_Label]:
    """Give each series its name, at its median fit, where no mark and no other name stands."""
    (x_low, x_high), (y_low, y_high) = axes.get_xlim(), axes.get_ylim()

    def place(item: Outcome) -> tuple[float, float]:
        x = np.log(item.fit_time_s / x_low) / np.log(x_high / x_low)
        y = np.log(shown_error(item.error_sd) / y_low) / np.log(y_high / y_low)
        return float(x), float(y)

    taken = [
        _Label(x=x - _LETTER / 2, y=y, text="x", is_left=False) for x, y in map(place, outcomes)
    ]
    for title, mine in by_series(outcomes).items():
        x, y = place(mine[len(mine) // 2])
        text = title if len(mine) == 1 else f"{title} \N{MULTIPLICATION SIGN}{len(mine)}"
        tried = [
            _Label(
                x=x - _LETTER if is_left else x + _LETTER,
                y=y + at,
                text=text,
                is_left=is_left,
                mark_y=y,
            )
            for at in (lines * _LINE for lines in _PLACES)
            for is_left in (False, True)
        ]
        inside = [
            each
            for each in tried
            if each.ends[0] >= 0 and each.ends[1] <= 1 and _LINE < each.y < 1 - _LINE
        ]
        # of places that cover as little, the nearest
        taken.append(min(inside or tried, key=lambda each: sum(map(each.overlaps, taken))))
        yield taken[-1]


def draw_legend(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """Explain the marks of the verdicts that there are."""
    there = [verdict for verdict in LOOKS if any(o.verdict == verdict for o in outcomes)]
    handles = [
        Line2D([], [], color=colour, marker=mark, linestyle="", ms=5.5, mec="white")
        for colour, mark in (LOOKS[verdict] for verdict in there)
    ]
    figure = axes.get_figure()
    assert figure is not None  # noqa: S101 - the axes are those of a figure
    figure.legend(handles, there, loc="outside lower center", ncols=len(there))


def _told(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say the numbers of each series, of replicates those of the median fit."""
    for title, mine in by_series(outcomes).items():
        item = mine[len(mine) // 2]
        yield f"{title} {numeral(item.error_sd, 2)} sds in {numeral(item.fit_time_s, 2)} s"


def _caption(view: FigureData, usual: Outcome | None) -> str:
    """Say what marks and lines mean."""
    text = (
        f"What is gained on `{view.dataset.name}`: the largest error of a mean against the time of "
        "the fit, a mark for each fit. The grey line is the frontier: a fit above it is beaten "
        "by one that is as fast and more accurate. "
        f"Means in the grey area are more than {MEAN_LIMIT_SD:g} reference sds off."
    )
    if usual is not None:
        text += f" Dashed lines cross at {usual.title}, with CmdStan's default settings."
    if any(len(mine) > 1 for mine in by_series(view.outcomes).values()):
        text += " Thin lines join replicates, whose name stands at the median one."
    if any(not _LEAST_ERROR <= item.error_sd <= _MOST_ERROR for item in view.outcomes):
        text += f" Errors below {_LEAST_ERROR:g} or above {_MOST_ERROR:g} stand at these values."
    return text

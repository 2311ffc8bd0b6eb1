"""What is gained on many data sets: errors against times in those of NUTS."""

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from harness.messages.numerals import numeral
from harness.plot.gain import LOOKS, by_series, draw_legend, draw_names, set_axes, shown_error
from harness.plot.panels import Outcome
from harness.plot.style import BLACK, LIGHT_GREY, CaptionedFigure, make_figure
from harness.verdict.rules import MEAN_LIMIT_SD

_HEIGHT_IN = 4.0


def overall_figure(outcomes: Mapping[str, Sequence[Outcome]]) -> CaptionedFigure | None:
    """Draw the error of each series on each data set against its time in that of NUTS.

    Parameters
    ----------
    outcomes : Mapping
        By data set, what the tables say of its fits.

    Returns
    -------
    CaptionedFigure or None
        None without two data sets on which the time of NUTS at its defaults is known.
    """
    every = {name: of for name in outcomes if (of := _against_nuts(outcomes[name]))}
    if len(every) < 2:
        return None
    marks = [mark for of in every.values() for mark in of]
    medians = _medians(marks)
    figure = make_figure(dataset="", height_in=_HEIGHT_IN)
    axes = figure.subplots()
    set_axes(axes, marks, xlabel="time of the fit / time of NUTS at its defaults")
    _draw(axes, marks, medians)
    draw_legend(axes, marks)
    figure.caption = (
        f"What is gained on {_which(outcomes, every)}: the largest error of a mean against the "
        "time of the fit, divided by that of NUTS at its defaults. A small mark is a method on one "
        "data set (the median, where it has replicates), a ring with a name its median over these "
        f"data sets. Means in the grey area are more than {MEAN_LIMIT_SD:g} reference sds off."
    )
    figure.alt = (
        "Log-log plot of errors against relative times. Medians over data sets: "
        + "; ".join(
            f"{item.title} {numeral(item.error_sd, 2)} sds in {numeral(item.fit_time_s, 2)} of the "
            "time"
            for item in medians
        )
        + "."
    )
    return figure


def _which(
    outcomes: Mapping[str, Sequence[Outcome]], drawn: Mapping[str, Sequence[Outcome]]
) -> str:
    """Say how many data sets are drawn: all, or those with errors and with a time to divide by."""
    if len(drawn) == len(outcomes):
        return f"{len(drawn)} data sets"
    return f"the {len(drawn)} of {len(outcomes)} data sets with known errors and times"


def _against_nuts(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the series of a data set, times in that of NUTS; nothing where that is unknown."""
    usual = [item.fit_time_s for item in outcomes if item.is_usual]
    if not usual:
        return []
    unit = statistics.median(usual)
    return [
        Outcome(
            title=title,
            fit_time_s=statistics.median(item.fit_time_s for item in mine) / unit,
            error_sd=statistics.median(item.error_sd for item in mine),
            verdict=max((item.verdict for item in mine), key=list(LOOKS).index),
        )
        for title, mine in by_series(outcomes).items()
    ]


def _medians(marks: Sequence[Outcome]) -> list[Outcome]:
    """Return of each series the medians over data sets."""
    return [
        Outcome(
            title=title,
            fit_time_s=statistics.median(mark.fit_time_s for mark in mine),
            error_sd=statistics.median(mark.error_sd for mark in mine),
            verdict=mine[0].verdict,
        )
        for title, mine in by_series(marks).items()
    ]


def _draw(axes: Axes, marks: Sequence[Outcome], medians: Sequence[Outcome]) -> None:
    """Draw the marks, rings at their medians, and names beside these."""
    axes.axhspan(MEAN_LIMIT_SD, axes.get_ylim()[1], color=LIGHT_GREY, alpha=0.35, linewidth=0)
    axes.axvline(1.0, color=BLACK, linewidth=0.7, linestyle="--", zorder=1)
    for mark in marks:
        colour, shape = LOOKS[mark.verdict]
        at = (mark.fit_time_s, shown_error(mark.error_sd))
        axes.plot(*at, shape, color=colour, ms=4, mec="white", mew=0.4)
    for item in medians:
        at = (item.fit_time_s, shown_error(item.error_sd))
        axes.plot(*at, "o", mfc="none", mec=BLACK, ms=8)
    draw_names(axes, medians)

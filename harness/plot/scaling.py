"""Time of each method against the number of rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.fits.fit import Status
from harness.plot.panels import legend_below
from harness.plot.style import (
    APPROXIMATION_COLOURS,
    BLACK,
    GREY,
    CaptionedFigure,
    house_style,
    make_figure,
    panel_title,
)

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def scaling_figure(
    table: pd.DataFrame, exponents: Mapping[str, float], *, fitted_from: int
) -> CaptionedFigure:
    """Draw time and memory against rows, both axes logarithmic.

    Parameters
    ----------
    table : DataFrame
        With columns ``method``, ``program``, ``n_rows``, ``fit_time_s``, ``peak_memory_mb`` and
        ``status``.
    exponents : Mapping
        By ``method / program``, of time against rows.
    fitted_from : int
        The number of rows from which exponents were fitted.

    Returns
    -------
    CaptionedFigure
    """
    ok = table[table["status"] == Status.OK]
    series = ok["method"].astype(str) + " / " + ok["program"].astype(str)
    names = list(dict.fromkeys(series))
    colours = (BLACK, *APPROXIMATION_COLOURS)
    with house_style():
        figure = make_figure(dataset="", height_in=3.2)
        time_axes, memory_axes = figure.subplots(1, 2)
        for i, name in enumerate(names):
            mine = ok[series == name].astype({"n_rows": float})
            look = {"color": colours[i % len(colours)], "marker": _MARKERS[i % len(_MARKERS)]}
            b = exponents.get(name, float("nan"))
            label = f"{name}, N^{b:.2f}" if np.isfinite(b) else name
            for axes, column in ((time_axes, "fit_time_s"), (memory_axes, "peak_memory_mb")):
                axes.plot(mine["n_rows"], mine[column].astype(float), label=label, ms=4, **look)
        for axes, what in ((time_axes, "time of a fit (s)"), (memory_axes, "peak memory (MB)")):
            axes.set(xscale="log", yscale="log", xlabel="rows, N", ylabel=what)
            axes.grid(visible=True, color=GREY, alpha=0.25, linewidth=0.5)
        panel_title(time_axes, "Time")
        panel_title(memory_axes, "Memory")
        legend_below(figure, [time_axes])
    figure.caption = (
        "Time of a fit, including reading the data, and peak memory of all its processes against "
        f"the number of rows. Exponents are fitted to the times with at least {fitted_from:,} rows."
    )
    slopes = (f"{key} {b:.2f}" for key, b in exponents.items() if np.isfinite(b))
    figure.alt = (
        f"Two log-log plots of time and of memory against the number of rows, with one line for "
        f"each of {', '.join(names)}. Exponents of time: {', '.join(slopes) or 'none'}."
    )
    return figure

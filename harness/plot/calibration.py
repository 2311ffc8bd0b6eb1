"""Are ranks uniform? Differences of their distribution function, by quantity."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from harness.metrics.uniformity import uniform_band, uniformity_test
from harness.plot.style import (
    BLUE,
    GREY,
    LIGHT_GREY,
    VERMILION,
    CaptionedFigure,
    house_style,
    make_figure,
)

#: Panels of a figure; of more quantities those with the smallest p-values are shown.
MAX_PANELS = 12
_COLUMNS = 4
_PANEL_HEIGHT_IN = 1.75
_LEVEL = 0.95

#: How to read a figure; a page says it once.
HOW_TO_READ = (
    "share of the true values whose rank among the draws is below a level, minus that level. If "
    "the draws are right, a line stays within the dark band at all levels with 95% probability, "
    "and all quantities together within the light one. Above on the left and below on the right: "
    "the draws are too narrow; the other way round: too wide; above everywhere: too large; below: "
    "too small. A red title: not calibrated."
)


def rank_figure(
    ranks: pd.DataFrame, calibration: pd.DataFrame, *, method: str
) -> CaptionedFigure | None:
    """Draw the distribution of the ranks of one method, less that of uniform ones, with bands.

    Parameters
    ----------
    ranks : DataFrame
        ``ranks.csv``.
    calibration : DataFrame
        ``calibration.csv``.
    method : str
        Whose.

    Returns
    -------
    CaptionedFigure or None
        None without ranks.
    """
    judged = calibration[(calibration["method"] == method) & calibration["p_value"].notna()]
    if judged.empty:
        return None
    shown = set(judged.nsmallest(MAX_PANELS, "p_value")["quantity"])
    rows = judged[judged["quantity"].isin(shown)]
    own = ranks[ranks["method"] == method]
    panels = [
        (row["quantity"], row["verdict"], _numbers(own, row["quantity"]))
        for _, row in rows.iterrows()
    ]
    n_all = len(judged)
    worst = f" The {len(rows)} of {n_all} with the smallest p-values." if n_all > len(rows) else ""
    outside = ", ".join(judged.loc[judged["verdict"] != "calibrated", "quantity"]) or "none"
    with house_style():
        figure = _figure(panels, n_all)
    figure.caption = f"{method}: {HOW_TO_READ}{worst}"
    figure.alt = f"{method}, difference of the distribution of ranks; not calibrated: {outside}."
    return figure


def _numbers(ranks: pd.DataFrame, quantity: str) -> np.typing.NDArray[np.float64]:
    """Return the ranks of a quantity within (0, 1)."""
    return ranks.loc[ranks["quantity"] == quantity, "pit"].to_numpy(dtype=np.float64)


def _figure(
    panels: Sequence[tuple[str, str, np.typing.NDArray[np.float64]]], n_quantities: int
) -> CaptionedFigure:
    """Draw a panel for each quantity."""
    n_columns = min(_COLUMNS, len(panels))
    n_rows = math.ceil(len(panels) / n_columns)
    figure = make_figure(dataset="", height_in=0.4 + n_rows * _PANEL_HEIGHT_IN)
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (quantity, verdict, numbers) in zip(grid.flat, panels, strict=False):
        _draw_ecdf(axes, numbers, n_quantities)
        is_right = verdict == "calibrated"
        axes.set_title(quantity, fontweight="bold", color="black" if is_right else VERMILION)
    figure.supxlabel("rank of the true value, as a share of the draws", fontsize=8.5)
    figure.supylabel("share below, minus level", fontsize=8.5)
    return figure


def _draw_ecdf(axes: Axes, numbers: np.typing.NDArray[np.float64], n_quantities: int) -> None:
    """Draw the difference of the distribution function between bands for one and for all."""
    test = uniformity_test(numbers)
    for level, shade in ((1 - (1 - _LEVEL) / n_quantities, "#EDEDED"), (_LEVEL, LIGHT_GREY)):
        lower, upper = uniform_band(numbers.size, level=level)
        axes.fill_between(
            np.concatenate([[0], test.points, [1]]),
            np.concatenate([[0], lower, [0]]),
            np.concatenate([[0], upper, [0]]),
            color=shade,
            linewidth=0,
        )
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.plot(
        np.concatenate([[0], test.points, [1]]),
        np.concatenate([[0], test.difference, [0]]),
        color=BLUE,
    )

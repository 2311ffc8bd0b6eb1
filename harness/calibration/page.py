"""What a calibration says: the page, its tables, and the sentence on each method (pure)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pandas as pd

from harness.calibration.tables import CALIBRATED, ERROR_RATE, NOT_CALIBRATED
from harness.messages.numerals import counted
from harness.report.grid import Cell, Grid, Head, make_grid, markdown_table, number
from harness.report.numbers import count, fixed, significant
from harness.report.provenance import provenance_rows
from harness.report.templates import single_blank_lines, template_environment

#: Quantities that a sentence names.
_MAX_NAMED = 3

NOTE = (
    "*p* is that of the simultaneous test of uniform ranks, *p (Holm)* the same corrected for all "
    "quantities of the method; *excess* is how far the distribution of ranks is outside of its "
    "simultaneous 95% band. *Width* is that of the approximation over that of the posterior and "
    "*bias* the distance of their centres in posterior sds, as Gaussians with these ranks would "
    "have; a direction is named if the ranks tell it at the 1% level. *Symmetry p* tests whether "
    "ranks are symmetric about the middle (Wilcoxon's signed ranks), Yao et al.'s variational "
    "check of bias. *50%* and *90%* are the shares of true values within these central intervals. "
    "*log density* is the joint one of parameters and data."
)


@dataclass(frozen=True, kw_only=True)
class CalibrationPage:
    """What the page says.

    Attributes
    ----------
    title, description, note, reproduce : str
    answers : tuple of str
        A sentence on each method.
    methods, quantities : Grid
    figures : tuple of dict
        With ``path``, ``caption`` and ``alt``.
    provenance : list of tuple
        Names with versions and digests.
    """

    title: str
    description: str
    note: str
    reproduce: str
    answers: tuple[str, ...]
    methods: Grid
    quantities: Grid
    figures: tuple[Mapping[str, str], ...]
    provenance: list[tuple[str, str]]


def page_text(page: CalibrationPage) -> str:
    """Return ``report.md``."""
    environment = template_environment(Path(__file__).parent)
    environment.filters["markdown"] = markdown_table
    text = environment.get_template("report.md.j2").render(report=page)
    return single_blank_lines(text)


def answers(methods: pd.DataFrame, calibration: pd.DataFrame) -> Iterator[str]:
    """Say in a sentence what came of each method."""
    for _, row in methods.iterrows():
        own = calibration[calibration["method"] == row["method"]]
        n_good = int(row["n_replicates"]) - int(row["n_failed"])
        among = f"in {n_good:,} of {counted(int(row['n_replicates']), 'replicate')}"
        failure = f" The most frequent failure: {row['failure']}." if row["failure"] else ""
        if row["verdict"] == NOT_CALIBRATED:
            wrong = own[own["verdict"] == NOT_CALIBRATED].sort_values("p_value", kind="stable")
            told = [f"`{item['quantity']}` {_wrong(item)}" for _, item in wrong.iterrows()]
            more = len(told) - _MAX_NAMED
            listed = "; ".join(told[:_MAX_NAMED]) + (f"; and {more} more" if more > 0 else "")
            yield f"**{row['method']}** is not calibrated, {among}: {listed}.{failure}"
        elif row["verdict"] == CALIBRATED:
            quantities = counted(len(own), "quantity", "quantities")
            missed = _missed(int(own["n_ranks"].min()), len(own))
            yield f"**{row['method']}** is calibrated on {quantities}, {among}. {missed}{failure}"
        else:
            yield f"**{row['method']}**: too few fits to tell, {among}.{failure}"


def _missed(n_ranks: int, n_quantities: int) -> str:
    """Say which faults so few ranks would mostly not tell, whatever the test."""
    sds = NormalDist().inv_cdf(1 - ERROR_RATE / (2 * n_quantities)) / math.sqrt(n_ranks)
    width = math.exp(sds / math.sqrt(2))
    return (
        f"Faults that {n_ranks:,} ranks mostly do not tell: widths between {fixed(1 / width, 2)} "
        f"and {fixed(width, 2)} of the posterior's, and biases below {fixed(sds, 2)} "
        "posterior sds."
    )


def _wrong(row: pd.Series) -> str:
    """Say what is wrong with a quantity, with its sizes."""
    sizes = []
    if "narrow" in row["direction"] or "wide" in row["direction"]:
        sizes.append(f"width {significant(row['width_ratio'])} of the posterior's")
    if "biased" in row["direction"]:
        sizes.append(f"bias {significant(row['bias_sd'])} posterior sds")
    return f"{row['direction']}" + (f" ({', '.join(sizes)})" if sizes else "")


def methods_grid(methods: pd.DataFrame) -> Grid:
    """Return the table of methods."""
    head = (
        Head("method", "method"),
        Head("verdict", "verdict", is_text=True),
        Head("n_replicates", "fits"),
        Head("n_failed", "failed"),
        Head("n_warned", "with warnings"),
        Head("n_draws", "draws ranked (median)"),
        Head("n_quantities", "quantities"),
        Head("n_outside", "not calibrated"),
    )
    rows = [
        [
            row["method"],
            row["verdict"],
            *(
                number(_known(row[key]), count)
                for key in (
                    *("n_replicates", "n_failed", "n_warned"),
                    *("n_draws_median", "n_quantities", "n_outside"),
                )
            ),
        ]
        for _, row in methods.iterrows()
    ]
    return make_grid(head, rows)


def quantities_grid(calibration: pd.DataFrame) -> Grid:
    """Return the table of methods and quantities."""
    head = (
        Head("method", "method"),
        Head("quantity", "quantity", is_text=True),
        Head("verdict", "verdict", is_text=True),
        Head("direction", "direction", is_text=True),
        *(Head("p_value", "p"), Head("p_holm", "p (Holm)"), Head("excess", "excess")),
        *(Head("width_ratio", "width"), Head("bias_sd", "bias (sds)")),
        Head("symmetry_p", "symmetry p"),
        *(Head("coverage_50", "50%"), Head("coverage_90", "90%")),
    )
    return make_grid(head, [_quantity_cells(row) for _, row in calibration.iterrows()])


def _quantity_cells(row: pd.Series) -> list[Cell | str]:
    """Return the cells of a method and quantity."""
    return [
        row["method"],
        row["quantity"],
        row["verdict"],
        row["direction"] or "",
        number(_known(row["p_value"]), p_text),
        number(_known(row["p_holm"]), p_text),
        number(_known(row["excess"]), lambda value: fixed(value, 3)),
        number(_known(row["width_ratio"]), significant),
        number(_known(row["bias_sd"]), lambda value: fixed(value, 2)),
        number(_known(row["symmetry_p"]), p_text),
        *(
            number(_known(row[f"coverage_{level}"]), lambda value: f"{100 * value:.0f}%")
            for level in (50, 90)
        ),
    ]


def _known(value: Any) -> float | None:
    """Return a number of a table, None where it does not apply."""
    return None if pd.isna(value) else float(value)


def p_text(value: float) -> str:
    """Write a p-value; those below a thousandth as such."""
    return "< 0.001" if value < 0.001 else significant(value, 2)


def make_page(
    *,
    seed: int,
    methods: pd.DataFrame,
    calibration: pd.DataFrame,
    figures: Sequence[Mapping[str, str]],
    manifest: dict[str, Any],
) -> CalibrationPage:
    """Put together what the page says.

    Parameters
    ----------
    seed : int
        Which decides all randomness.
    methods, calibration : DataFrame
        See :mod:`harness.calibration.tables`.
    figures : sequence of Mapping
        With ``path``, ``caption`` and ``alt``.
    manifest : dict
        The calibration's title and description, versions and digests.

    Returns
    -------
    CalibrationPage
    """
    return CalibrationPage(
        title=manifest["study"]["title"],
        description=manifest["description"],
        note=NOTE,
        reproduce=(
            f"All numbers are determined by the seed, {seed}, the versions and the digests below: "
            "of the program that was fitted, and of what was asked for with all simulated data."
        ),
        answers=tuple(answers(methods, calibration)),
        methods=methods_grid(methods),
        quantities=quantities_grid(calibration),
        figures=tuple(figures),
        provenance=provenance_rows(manifest),
    )

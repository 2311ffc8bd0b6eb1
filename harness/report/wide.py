"""The wide tables of estimates and diagnostics: parameters against series."""

import math
from collections.abc import Callable, Sequence

from harness.fits.fit import Status
from harness.fits.quantities import RAW, RELABELLED
from harness.report.grid import ABSENT, Cell, Grid, Head, Row, make_grid, number
from harness.report.numbers import count, decimals_for, fixed, show_r_hat, significant
from harness.report.series_columns import FitColumn, ParameterSummary

#: With more series than this, and fewer parameters, tables have a row for each series.
MOST_COLUMNS = 8


def is_transposed(columns: Sequence[FitColumn]) -> bool:
    """Whether the wide tables of some columns are easier to read with a row for each."""
    return MOST_COLUMNS < len(columns) > len(_parameters(columns))


def _parameters(columns: Sequence[FitColumn]) -> list[str]:
    """Return the parameters of the study's own columns, in their order."""
    names = (name for column in columns if column.key for name in column.estimates)
    return list(dict.fromkeys(names))


def column_head(column: FitColumn) -> str:
    """Return a column's head: title, labels where they matter, replicates."""
    notes = []
    if column.labels == RAW and column.estimates and column.are_chains:
        notes.append("raw labels")
    if column.n_runs > 1:
        notes.append(
            f"{column.n_runs} replicates"
            if column.n_ok == column.n_runs
            else f"{column.n_ok} of {column.n_runs} replicates"
        )
    return column.title + (f", {', '.join(notes)}" if notes else "")


def heads(columns: Sequence[FitColumn]) -> list[str]:
    """Return all heads; a series that stands twice says which column is relabelled."""
    twice = [column.key for column in columns if column.key is not None]
    return [
        f"{column_head(column)}, relabelled"
        if column.labels == RELABELLED and twice.count(column.key) > 1  # type: ignore[arg-type]
        else column_head(column)
        for column in columns
    ]


def estimates_table(columns: Sequence[FitColumn]) -> Grid:
    """Return means and sds, parameters down and series across, or the other way round.

    Parameters
    ----------
    columns : sequence of FitColumn
        Of one data set.

    Returns
    -------
    Grid
        A cell is ``mean (sd)``, of replicates ``mean (sd) [sd between replicates]``.
    """
    parameters = _parameters(columns)
    cells = [
        [_moments_cell(column, name, _row_error(columns, name)) for column in columns]
        for name in parameters
    ]
    if is_transposed(columns):
        turned: list[Row] = [
            [head, *row] for head, row in zip(heads(columns), zip(*cells, strict=True), strict=True)
        ]
        return make_grid(["series", *parameters], turned)
    rows: list[Row] = [[name, *row] for name, row in zip(parameters, cells, strict=True)]
    return make_grid(["parameter", *heads(columns)], rows)


def _row_error(columns: Sequence[FitColumn], name: str) -> float | None:
    """Return a parameter's smallest Monte Carlo error among chains, else among all of the study."""
    found = [
        (not column.are_chains, estimate.mcse_mean)
        for column in columns
        if column.key is not None and (estimate := column.estimates.get(name)) is not None
        if estimate.mcse_mean
    ]
    return min(found)[1] if found else None


def _moments_cell(column: FitColumn, name: str, row_error: float | None) -> Cell:
    """Return ``mean (sd)``, or why there is none."""
    if column.status != str(Status.OK):
        return Cell(text=column.status)
    estimate = column.estimates.get(name)
    if estimate is None or estimate.mean is None:
        return Cell(text=ABSENT)
    if column.key is None:
        return _printed_cell(estimate, decimals_for(row_error))
    decimals = decimals_for(max(estimate.mcse_mean or 0.0, row_error or 0.0))
    cell = fixed(estimate.mean, decimals)
    if estimate.sd is not None:
        two_digits = 1 - math.floor(math.log10(estimate.sd)) if estimate.sd > 0 else 0
        cell += f" ({fixed(estimate.sd, max(decimals, two_digits))})"
    if estimate.between_sd is not None:
        cell += f" [{significant(estimate.between_sd)}]"
    return Cell(text=cell, value=estimate.mean)


def _printed_cell(estimate: ParameterSummary, decimals: int) -> Cell:
    """Return published moments, rounded as the study's own but never longer than printed."""

    def shorten(value: float) -> str:
        n_printed = len(f"{value:.10g}".partition(".")[2])
        return fixed(value, min(decimals, n_printed))

    mean = shorten(estimate.mean) if estimate.mean is not None else ABSENT
    text = mean if estimate.sd is None else f"{mean} ({shorten(estimate.sd)})"
    return Cell(text=text, value=estimate.mean)


#: Its key is no name of a parameter.
_KIND = Head(
    "kind of diagnostic",
    "diagnostic",
    meaning="ESS bulk and ESS tail: effective sample sizes for the centre and for the 5% and 95% "
    "quantiles. MCSE: Monte Carlo standard error of the mean.",
)

type _Get = Callable[[ParameterSummary], float | None]

_DIAGNOSTICS: Sequence[tuple[str, _Get, Callable[..., str]]] = (
    ("R-hat", lambda estimate: estimate.r_hat, show_r_hat),
    ("ESS bulk", lambda estimate: estimate.ess_bulk, count),
    ("ESS tail", lambda estimate: estimate.ess_tail, count),
    ("MCSE of mean", lambda estimate: estimate.mcse_mean, significant),
)


def diagnostics_table(columns: Sequence[FitColumn], *, series_down: bool) -> Grid:
    """Return R-hat, effective sample sizes and Monte Carlo errors.

    Parameters
    ----------
    columns : sequence of FitColumn
        Chains of one data set; these diagnostics say nothing about independent draws.
    series_down : bool
        Whether there is a row for each series and diagnostic.

    Returns
    -------
    Grid
    """
    if series_down:
        return _transposed_diagnostics(columns)
    rows: list[Row] = []
    for name in _diagnosed(columns):
        for i, (label, get, show) in enumerate(_DIAGNOSTICS):
            cells = [_diagnostic_cell(column, name, get, show) for column in columns]
            rows.append([name if i == 0 else ABSENT, label, *cells])
    head: list[Head | str] = ["parameter", _KIND, *heads(columns)]
    return make_grid(head, rows, text_columns=(0, 1), is_sortable=False)


def _transposed_diagnostics(columns: Sequence[FitColumn]) -> Grid:
    """Return the same with a row for each series and diagnostic, equal rows in one."""
    parameters = _diagnosed(columns)
    rows: list[Row] = []
    for head, column in zip(heads(columns), columns, strict=True):
        labels_of: dict[tuple[Cell, ...], list[str]] = {}
        for label, get, show in _DIAGNOSTICS:
            cells = tuple(_diagnostic_cell(column, name, get, show) for name in parameters)
            labels_of.setdefault(cells, []).append(label)
        for i, (cells, labels) in enumerate(labels_of.items()):
            rows.append([head if i == 0 else ABSENT, ", ".join(labels), *cells])
    return make_grid(["series", _KIND, *parameters], rows, text_columns=(0, 1), is_sortable=False)


def _diagnosed(columns: Sequence[FitColumn]) -> list[str]:
    """Return the parameters that have a diagnostic somewhere; constants have none."""
    return [
        name
        for name in _parameters(columns)
        if any(
            get(column.estimates[name]) is not None
            for column in columns
            for _, get, _ in _DIAGNOSTICS
            if name in column.estimates
        )
    ]


def _diagnostic_cell(
    column: FitColumn,
    name: str,
    get: _Get,
    show: Callable[..., str],
) -> Cell:
    """Return one diagnostic; empty where a source printed none."""
    estimate = column.estimates.get(name)
    value = None if estimate is None else get(estimate)
    return Cell(text=ABSENT) if value is None else number(value, show)

"""The answer: what may be trusted, a sentence and a table for each data set."""

import math
import statistics
from collections.abc import Sequence

import pandas as pd

from harness.fits.quantities import RAW
from harness.messages.numerals import beside_limit
from harness.report.dataset import DatasetTables, ReferenceTables, SeriesTables
from harness.report.grid import Cell, Grid, Head, Row, brief_grid, number
from harness.report.numbers import (
    count,
    known,
    median_range,
    r_hat,
    seconds,
    significant,
    with_error,
)
from harness.report.reasons import tally, what_decided, worst_rows, worst_verdict
from harness.results.columns import NOT_APPLICABLE
from harness.verdict.criteria import Verdict

_HEAD = (
    Head("series", "series"),
    Head("verdict", "verdict", is_text=True),
    Head("decided", "what decided", is_text=True),
    Head("mean_error", "largest mean error (reference sds)"),
    Head("of", "of", is_text=True),
    Head("sd_ratios", "sd ratios"),
    Head("r_hat", "R-hat"),
    Head("ess_bulk", "bulk ESS"),
    Head("k_hat", "k-hat (limit)"),
)

#: How many of the quantities without a reference are named.
_MOST_NAMED = 8

#: Verdicts on what a reader may use, so that its speed matters.
_USABLE = frozenset({Verdict.TRUST, Verdict.MEANS_ONLY})


def verdict_table(tables: DatasetTables) -> Grid | None:
    """Return the verdict on each series of a data set, and what it rests on.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        Chains whose labels switched have a line as sampled too.
    """
    rows: list[Row] = []
    for series in tables.series:
        if series.has_raw_line:
            raw = series.labelled(RAW)
            cells = _cells(worst_rows(raw), raw)
            rows.append([f"{series.head}, raw labels", *cells, NOT_APPLICABLE])
        title = series.head + (", the reference" if series.is_reference else "")
        cells = _cells(series.fits, series.judged)
        rows.append([title, *cells, _k_hat(series)])
    return brief_grid(_HEAD, rows)


def _cells(verdicts: pd.DataFrame, rows: pd.DataFrame) -> Row:
    """Return verdict, reason, mean error with its parameter, sd ratios, and chains' diagnostics."""
    return [
        tally([str(verdict) for verdict in verdicts["verdict"].dropna()]),
        what_decided(verdicts),
        *_mean_error(rows),
        _sd_ratios(rows),
        number(max(known(rows["r_hat"]), default=None), r_hat),
        number(min(known(rows["ess_bulk"]), default=None), count),
    ]


def _sd_ratios(rows: pd.DataFrame) -> str:
    """Return the smallest and largest sd ratio."""
    logs = known(rows["log_sd_ratio"])
    if not logs:
        return NOT_APPLICABLE
    return " to ".join(significant(math.exp(value), 3) for value in (min(logs), max(logs)))


def _mean_error(rows: pd.DataFrame) -> tuple[Cell, str]:
    """Return the largest error of a mean, and whose it is in most replicates."""
    measured = rows.dropna(subset="mean_error_sd")
    if measured.empty:
        return Cell(text=NOT_APPLICABLE), NOT_APPLICABLE
    size = measured["mean_error_sd"].abs()
    worst = measured.loc[size.groupby(measured["replicate"]).idxmax()]
    parameter = str(worst["parameter"].value_counts(sort=True).index[0])
    errors = worst["mean_error_sd"].abs()
    if len(worst) == 1:
        mcse = _float(worst["mean_error_mcse"].iloc[0])
        return number(float(errors.iloc[0]), lambda error: with_error(error, mcse)), parameter
    return median_range(errors, significant), parameter


def _float(value: object) -> float | None:
    """Return a cell's number, None if it does not apply."""
    found = known([value])
    return found[0] if found else None


def _k_hat(series: SeriesTables) -> Cell:
    """Return k-hat with its threshold."""
    k_hats, limits = known(series.ok["k_hat"]), known(series.ok["k_hat_threshold"])
    cell = median_range(series.ok["k_hat"], significant)
    if not limits or not k_hats:
        return cell
    text, limit = str(cell), significant(min(limits))
    if len(series.ok) == 1:
        text, limit = beside_limit(k_hats[0], limits[0], digits=2)
    return Cell(text=f"{text} ({limit})", value=cell.value)


def times(series: SeriesTables, tables: DatasetTables) -> tuple[Cell, Cell]:
    """Return the time of a fit and how many times faster than the reference it is."""
    times = known(series.ok["fit_time_s"])
    return median_range(times, seconds), number(_speed(series, tables.reference), significant)


def _speed(series: SeriesTables, reference: ReferenceTables | None) -> float | None:
    """Return the reference's time divided by the median time of a series."""
    times = known(series.ok["fit_time_s"])
    theirs = reference.fit_time_s if reference else None
    return theirs / statistics.median(times) if times and theirs else None


def answer(tables: DatasetTables) -> str:
    """Return what a hurried reader needs: which series may be trusted.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    str
        One sentence, in Markdown.
    """
    judged = [item for item in tables.series if not item.is_reference]
    if not judged:
        return f"On {_name(tables)} there is only the reference, so there is nothing to judge."
    groups = {
        str(verdict): [item for item in judged if worst_verdict(item.fits) == verdict]
        for verdict in (Verdict.TRUST, Verdict.MEANS_ONLY, Verdict.UNKNOWN, Verdict.DO_NOT_TRUST)
    }
    parts = [
        f"**{verdict}** {', '.join(_named(item, tables, verdict) for item in members)}"
        for verdict, group in groups.items()
        if (members := _fastest_first(group, tables, verdict))
    ]
    if not groups[Verdict.TRUST]:
        parts = ["**trust** none", *parts]
    return f"On {subject(tables)}: {'; '.join(parts)}."


def subject(tables: DatasetTables) -> str:
    """Return what verdicts are on: a data set, and what its fits are measured against.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    str
        In Markdown.
    """
    return f"{_name(tables)}{_standard(tables)}"


def _fastest_first(
    members: Sequence[SeriesTables], tables: DatasetTables, verdict: str
) -> list[SeriesTables]:
    """Put what may be used in the order of its speed; leave the others in the study's."""
    if verdict not in _USABLE:
        return list(members)
    return sorted(members, key=lambda item: -(_speed(item, tables.reference) or 0.0))


def _name(tables: DatasetTables) -> str:
    """Return a data set's name and size."""
    size = f" ({tables.n_rows:,} rows)" if tables.n_rows is not None else ""
    return f"`{tables.name}`{size}"


def _standard(tables: DatasetTables) -> str:
    """Say what the fits of a data set are measured against."""
    reference = tables.reference
    if reference is None:
        return " there is no reference, so errors are unknown"
    if reference.problems:
        return (
            f" the reference, {reference.title}, failed its checks ({reference.problems}), "
            "so errors are unknown"
        )
    time = reference.fit_time_s
    beside = "" if time is None else f" in {seconds(time)} s (2× means twice as fast)"
    return f", against {reference.title}{beside}{_without_reference(tables)}"


def _without_reference(tables: DatasetTables) -> str:
    """Name the judged quantities that a file of reference draws lacks."""
    if tables.reference is None or tables.reference.series is not None or not tables.compared:
        return ""
    rows = pd.concat([series.judged for series in tables.compared]).dropna(subset="verdict")
    is_compared = rows["mean_error_sd"].notna().groupby(rows["parameter"], sort=False).any()
    variables = is_compared.groupby(is_compared.index.str.partition("[").get_level_values(0))
    wholly = {str(name) for name, of in variables if not of.any()}
    lacking = dict.fromkeys(
        variable if (variable := str(name).partition("[")[0]) in wholly else str(name)
        for name in is_compared.index[~is_compared]
    )
    if not lacking:
        return ""
    more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
    named = ", ".join(f"`{name}`" for name in list(lacking)[:_MOST_NAMED])
    return f", which has no draws of {named}{more}"


def _named(series: SeriesTables, tables: DatasetTables, verdict: str) -> str:
    """Name a series with what its verdict may hide: other replicates, and the gain in speed."""
    notes = []
    n_same = int((series.fits["verdict"] == verdict).sum())
    if n_same < series.n_runs:
        notes.append(f"{n_same} of {series.n_runs} replicates")
    speed = _speed(series, tables.reference)
    if speed is not None and verdict in _USABLE:
        notes.append(f"{significant(speed)}×")
    return series.title + (f" ({', '.join(notes)})" if notes else "")

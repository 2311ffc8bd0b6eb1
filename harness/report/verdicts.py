"""The answer: what may be trusted, in a sentence for each data set."""

import math
import statistics
from collections.abc import Sequence

import pandas as pd

from harness.methods import DEFAULT_VARIANT
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Cell, number
from harness.report.numbers import (
    known_numbers,
    median_range,
    seconds,
    significant,
)
from harness.report.reasons import worst_verdict
from harness.verdict.outcome import SEVERITY, Verdict

#: How many of the quantities without a reference are named.
_MOST_NAMED = 8

#: The method and the variant that an approximation would stand in for.
_USUAL = ("nuts", DEFAULT_VARIANT)
#: Verdicts on what a reader may use, so that its speed matters.
_USABLE = frozenset({Verdict.TRUST, Verdict.MARGINALS, Verdict.MEANS_ONLY})


def times(series: SeriesTables, tables: DatasetTables) -> tuple[Cell, Cell]:
    """Return the time of a fit and how many times faster than NUTS at its defaults it is."""
    times = known_numbers(series.ok["fit_time_s"])
    return median_range(times, seconds), number(speed(series, tables), significant)


def speed(series: SeriesTables, tables: DatasetTables) -> float | None:
    """Return the time of NUTS at its defaults divided by the median time of a series.

    That is what the series would stand in for, with the same program; a reference is longer.
    """
    ours, theirs = _median_time(series), _usual_time(series.key.program, tables)
    return theirs / ours if theirs and math.isfinite(ours) and ours else None


def _usual_time(program: str, tables: DatasetTables) -> float | None:
    """Return the median time of NUTS at its defaults, None if it has no such run."""
    for series in tables.series:
        if (series.key.program, series.key.method, series.key.variant) == (program, *_USUAL):
            time = _median_time(series)
            return time if math.isfinite(time) else None
    return None


def answer(tables: DatasetTables, *, explains_speed: bool = True) -> str:
    """Return what a hurried reader needs: which series may be trusted.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    explains_speed : bool
        Whether it says what a number of times as fast means, which is told once on a page.

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
        for verdict in SEVERITY
    }
    parts = [
        f"**{verdict}** {', '.join(_named(item, tables, verdict) for item in members)}"
        for verdict, group in groups.items()
        if (members := _fastest_first(group, verdict))
    ]
    if not groups[Verdict.TRUST]:
        parts = ["**trust** none", *parts]
    return f"On {subject(tables, explains_speed=explains_speed)}: {'; '.join(parts)}."


def subject(tables: DatasetTables, *, before_clause: str = " ", explains_speed: bool = True) -> str:
    """Return what verdicts are on: a data set, and what its fits are measured against.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    before_clause : str
        What stands between the name and a clause that says that nothing was measured.
    explains_speed : bool
        See :func:`answer`.

    Returns
    -------
    str
        In Markdown.
    """
    standard = _standard(tables, before_clause, explains_speed=explains_speed)
    return f"{_name(tables)}{standard}"


def _fastest_first(members: Sequence[SeriesTables], verdict: str) -> list[SeriesTables]:
    """Put what may be used in the order of its speed; leave the others in the study's."""
    if verdict not in _USABLE:
        return list(members)
    return sorted(members, key=_median_time)


def _median_time(series: SeriesTables) -> float:
    """Return the median time of a series, infinite if it has none."""
    times = known_numbers(series.ok["fit_time_s"])
    return statistics.median(times) if times else math.inf


def _name(tables: DatasetTables) -> str:
    """Return a data set's name and size."""
    size = f" ({tables.n_rows:,} rows)" if tables.n_rows is not None else ""
    return f"`{tables.name}`{size}"


def _standard(tables: DatasetTables, before_clause: str, *, explains_speed: bool) -> str:
    """Say what the fits of a data set are measured against."""
    reference = tables.reference
    if reference is None:
        return f"{before_clause}there is no reference, so errors are unknown"
    if reference.problems:
        return (
            f"{before_clause}the reference, {reference.title}, failed its checks "
            f"({reference.problems}), so errors are unknown"
        )
    time = reference.fit_time_s
    beside = "" if time is None else f" in {seconds(time)} s"
    if explains_speed and any(speed(series, tables) for series in tables.series):
        programs = {series.key.program for series in tables.series}
        same = " with the same program" if len(programs) > 1 else ""
        beside += f" (2× means twice as fast as NUTS at its defaults{same})"
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
    times_faster = speed(series, tables)
    if times_faster is not None and verdict in _USABLE:
        notes.append(f"{significant(times_faster)}×")
    return series.title + (f" ({', '.join(notes)})" if notes else "")

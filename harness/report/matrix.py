"""The verdict on every quantity of every series, as a table, and the reason of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from harness.quantities import RAW
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, make_grid
from harness.report.reasons import worst_rows, worst_verdict
from harness.report.verdicts import times
from harness.table import NOT_APPLICABLE
from harness.verdict.figures import Verdict

#: Shown before each verdict, so that none is told by its colour alone.
SYMBOLS = {
    str(Verdict.TRUST): "✓",
    str(Verdict.MEANS_ONLY): "◐",
    str(Verdict.UNKNOWN): "?",
    str(Verdict.DO_NOT_TRUST): "✗",
}

#: What the column of the fits' own verdicts is called.
WHOLE = "whole fit"


class Judged(str):
    """A verdict as text that has not forgotten its reason.

    Attributes
    ----------
    verdict, reason : str
        The verdict itself, and the whole sentence.
    target : str
        The row of the table of reasons where the sentence stands.
    """

    verdict: str
    reason: str
    target: str

    def __new__(cls, text: str, *, verdict: str, reason: str, target: str = "") -> Self:
        """Return the text with what stands behind it."""
        made = super().__new__(cls, text)
        made.verdict, made.reason, made.target = verdict, reason, target
        return made

    @property
    def of(self) -> str:
        """What stands behind the verdict, of replicates how many have it."""
        return self.partition(self.verdict)[2].strip()


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A series under one way of naming components: its verdicts by quantity."""

    title: str
    verdicts: dict[str, Judged]
    cells_after: Sequence[str]


def matrix_grids(tables: DatasetTables) -> tuple[Grid, Grid]:
    """Return the verdicts, series down and quantities across, and their reasons.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    matrix, reasons : Grid
        Of replicates the worst verdict, with how many have it; the reasons have a row for each
        series and sentence, with the quantities that it speaks of.
    """
    lines = list(_lines(tables))
    names = list(dict.fromkeys(name for line in lines for name in line.verdicts))
    reasons: list[list[str]] = []
    row_ids: list[str] = []
    rows = []
    for line in lines:
        said: dict[tuple[str, str], list[str]] = {}
        for name, cell in line.verdicts.items():
            said.setdefault((cell, cell.reason), []).append(name)
        targets = {}
        for (text, reason), told in said.items():
            row_ids.append(f"why-{tables.stem}-{len(reasons) + 1}")
            verdict = line.verdicts[told[0]].verdict
            shown = Judged(text, verdict=verdict, reason="")
            reasons.append([line.title, ", ".join(told), shown, reason])
            targets.update(dict.fromkeys(told, row_ids[-1]))
        cells = [_linked(line.verdicts.get(name), targets.get(name, "")) for name in names]
        rows.append([line.title, *cells, *line.cells_after])
    matrix = make_grid(
        ["series", *names, "fit (s)", "speed"],
        rows,
        text_columns=range(len(names) + 1),
    )
    why = make_grid(["series", "of", "verdict", "reason"], reasons, text_columns=range(4))
    return matrix, replace(why, row_ids=tuple(row_ids))


def _linked(cell: Judged | None, target: str) -> str:
    """Point a verdict to its reason."""
    if cell is None:
        return NOT_APPLICABLE
    return Judged(cell, verdict=cell.verdict, reason=cell.reason, target=target)


def _lines(tables: DatasetTables) -> Iterator[_Line]:
    """Give the lines of the table; chains whose labels switched have one as sampled too."""
    for series in tables.series:
        after = times(series, tables)
        if series.has_raw_line:
            raw = series.labelled(RAW)
            title = f"{series.head}, raw labels"
            yield _line(title, series, worst_rows(raw), raw, after)
        title = series.head + (", the reference" if series.is_reference else "")
        yield _line(title, series, series.fits, series.judged, after)


def _line(
    title: str, series: SeriesTables, fits: pd.DataFrame, rows: pd.DataFrame, after: Sequence[str]
) -> _Line:
    """Return a line: the fits' own verdict first, then that of each parameter."""
    verdicts = {WHOLE: _judged(fits, series.n_runs)}
    for name, group in rows.groupby("parameter", sort=False):
        verdicts[str(name)] = _judged(group, series.n_runs)
    known = {name: cell for name, cell in verdicts.items() if cell is not None}
    return _Line(title=title, verdicts=known, cells_after=after)


def _judged(rows: pd.DataFrame, n_runs: int) -> Judged | None:
    """Return the worst verdict of replicates with the first reason for it."""
    worst = worst_verdict(rows)
    if not worst:
        return None
    same = rows[rows["verdict"] == worst]
    first = same.iloc[0]
    reason = NOT_APPLICABLE if pd.isna(first["verdict_reason"]) else str(first["verdict_reason"])
    if n_runs > 1:
        reason = f"#{first['replicate']}: {reason}"
    text = f"{SYMBOLS.get(worst, '')} {worst}".strip()
    if len(same) < n_runs:
        text += f" ({len(same)} of {n_runs})"
    return Judged(text, verdict=worst, reason=reason)

"""The verdict on every quantity of every series, as a table, and the reason of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from harness.quantities import RAW
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, make_grid
from harness.report.reasons import severity, worst_rows, worst_verdict
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

#: With more quantities than this, those of one variable share a column ...
MOST_QUANTITIES = 12
#: ... and with more variables, the last ones do.
_OTHERS = "{} others"


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
        Of replicates the worst verdict, with how many have it, and so of many quantities; the
        reasons have a row for each series and sentence, with the quantities that it speaks of.
    """
    lines = list(_lines(tables))
    names = dict.fromkeys(name for line in lines for name in line.verdicts if name != WHOLE)
    columns = {WHOLE: [WHOLE], **fold(list(names))}
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
        cells = [_cell(line, members, targets) for members in columns.values()]
        rows.append([line.title, *cells, *line.cells_after])
    head = ["series", *columns, "fit (s)", "speed"]
    if all(row[-1] == NOT_APPLICABLE for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    matrix = make_grid(head, rows, text_columns=range(len(columns) + 1))
    why = make_grid(["series", "of", "verdict", "reason"], reasons, text_columns=range(4))
    return matrix, replace(why, row_ids=tuple(row_ids))


def fold(names: Sequence[str]) -> dict[str, list[str]]:
    """Say which quantities share a column.

    Parameters
    ----------
    names : sequence of str
        Scalars such as ``mu[1,2]``.

    Returns
    -------
    dict
        By the column's head: each by itself up to :data:`MOST_QUANTITIES`, else by variable, with
        as many at the end in one column as there is no room for.
    """
    if len(names) <= MOST_QUANTITIES:
        return {name: [name] for name in names}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("[")[0], []).append(name)
    columns = {
        f"{variable} ({len(members)})" if len(members) > 1 else members[0]: members
        for variable, members in groups.items()
    }
    if len(columns) > MOST_QUANTITIES:
        kept = list(columns)[: MOST_QUANTITIES - 1]
        rest = [name for head in list(columns)[len(kept) :] for name in columns[head]]
        columns = {head: columns[head] for head in kept} | {_OTHERS.format(len(rest)): rest}
    return columns


def _cell(line: _Line, members: Sequence[str], targets: Mapping[str, str]) -> str:
    """Return the worst verdict of a column's quantities, pointed to the reason of the first."""
    known = {name: line.verdicts[name] for name in members if name in line.verdicts}
    if not known:
        return NOT_APPLICABLE
    verdict = max((cell.verdict for cell in known.values()), key=severity)
    same = [name for name, cell in known.items() if cell.verdict == verdict]
    cell = known[same[0]]
    if len(members) == 1:
        text, reason = str(cell), cell.reason
    else:
        text = _with_symbol(verdict)
        text += f" ({len(same)} of {len(known)})" if len(same) < len(known) else ""
        reason = f"{same[0]}: {cell.reason}"
    return Judged(text, verdict=verdict, reason=reason, target=targets[same[0]])


def _with_symbol(verdict: str) -> str:
    """Return a verdict behind its symbol."""
    return f"{SYMBOLS.get(verdict, '')} {verdict}".strip()


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
    text = _with_symbol(worst)
    if len(same) < n_runs:
        text += f" ({len(same)} of {n_runs})"
    return Judged(text, verdict=worst, reason=reason)

"""The verdict on every quantity of every series, as a table, and the reason of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from harness.quantities import RAW
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Grid, make_grid
from harness.report.reasons import worst_rows
from harness.report.verdicts import times
from harness.report.worst import rank, severities
from harness.table import NOT_APPLICABLE
from harness.verdict.criteria import Verdict

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
    ranked: Sequence[str]
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
        targets = {}
        for (text, reason), told in _said(line, columns, tables.n_worst).items():
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


def _said(
    line: _Line, columns: Mapping[str, Sequence[str]], n_worst: int | None
) -> dict[tuple[str, str], list[str]]:
    """Return by verdict and reason the quantities that it is told of.

    Of very many quantities these are the worst, and the worst of each column.
    """
    names = list(line.verdicts)
    if n_worst is not None:
        shown = {name for name in line.ranked[: n_worst + 1] if name in line.verdicts}
        shown |= {worst for members in columns.values() if (worst := _worst_of(line, members))}
        names = [name for name in line.ranked if name in shown]
    said: dict[tuple[str, str], list[str]] = {}
    for name in names:
        cell = line.verdicts[name]
        said.setdefault((cell, cell.reason), []).append(name)
    return said


def _worst_of(line: _Line, members: Sequence[str]) -> str:
    """Return the worst of a column's quantities, empty if none is judged."""
    known = {name for name in members if name in line.verdicts}
    return next((name for name in line.ranked if name in known), "")


def _cell(line: _Line, members: Sequence[str], targets: Mapping[str, str]) -> str:
    """Return the worst verdict of a column's quantities, pointed to the reason of the worst."""
    known = [line.verdicts[name] for name in members if name in line.verdicts]
    if not known:
        return NOT_APPLICABLE
    name = _worst_of(line, members)
    cell = line.verdicts[name]
    if len(members) == 1:
        text, reason = str(cell), cell.reason
    else:
        n_same = sum(other.verdict == cell.verdict for other in known)
        text = _with_symbol(cell.verdict)
        text += f" ({n_same:,} of {len(known):,})" if n_same < len(known) else ""
        reason = f"{name}: {cell.reason}"
    return Judged(text, verdict=cell.verdict, reason=reason, target=targets[name])


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
    verdicts = _judged(fits.assign(parameter=WHOLE), series.n_runs)
    return _Line(
        title=title,
        verdicts=verdicts | _judged(rows, series.n_runs),
        ranked=(WHOLE, *rank(rows)),
        cells_after=after,
    )


def _judged(rows: pd.DataFrame, n_runs: int) -> dict[str, Judged]:
    """Return by quantity the worst verdict of replicates, with the first reason for it."""
    known = rows.assign(severity=severities(rows["verdict"])).dropna(subset="verdict")
    if known.empty:
        return {}
    quantity = known.groupby("parameter", sort=False)["severity"]
    same = known[known["severity"] == quantity.transform("max")]
    counts = same["parameter"].value_counts()
    first = same.drop_duplicates("parameter").set_index("parameter")
    names = list(dict.fromkeys(known["parameter"]))
    columns = first.loc[names, ["verdict", "verdict_reason", "replicate"]]
    return {
        str(name): _with_reason(str(verdict), reason, replicate, (int(counts[name]), n_runs))
        for name, verdict, reason, replicate in columns.itertuples(name=None)
    }


def _with_reason(verdict: str, reason: object, replicate: object, share: tuple[int, int]) -> Judged:
    """Return a verdict of some replicates with its reason."""
    n_same, n_runs = share
    told = NOT_APPLICABLE if pd.isna(reason) else str(reason)  # type: ignore[call-overload]
    text = _with_symbol(verdict) + (f" ({n_same} of {n_runs})" if n_same < n_runs else "")
    return Judged(text, verdict=verdict, reason=f"#{replicate}: {told}" if n_runs > 1 else told)

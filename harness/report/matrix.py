"""The verdict on every quantity of every series, as a table, and the reason for each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from harness.fits.quantities import RAW
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import Cell, Grid, Head, Row, make_grid
from harness.report.reasons import worst_rows
from harness.report.verdicts import times
from harness.report.worst import rank, severities
from harness.results.columns import NOT_APPLICABLE
from harness.verdict.outcome import Verdict

#: Shown before each verdict, so that none is told by its colour alone.
SYMBOLS = {
    str(Verdict.TRUST): "✓",
    str(Verdict.MARGINALS): "◕",
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


_REASONS = (
    Head("series", "series"),
    Head("of", "of", is_text=True),
    Head("verdict", "verdict", is_text=True),
    Head("reason", "reason", is_text=True),
)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A series under one way of naming components: its verdicts by quantity."""

    title: str
    verdicts: dict[str, Cell]
    ranked: Sequence[str]
    cells_after: Sequence[Cell]


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
    reasons: list[Row] = []
    row_ids: list[str] = []
    rows: list[Row] = []
    for line in lines:
        targets = {}
        for shown, told in _said(line, columns, tables.n_worst):
            row_ids.append(f"why-{tables.stem}-{len(reasons) + 1}")
            bare = Cell(text=shown.text, verdict=shown.verdict)
            reasons.append([line.title, ", ".join(told), bare, shown.reason])
            targets.update(dict.fromkeys(told, row_ids[-1]))
        cells = [_cell(line, members, targets) for members in columns.values()]
        rows.append([line.title, *cells, *line.cells_after])
    heads = [
        Head("series", "series"),
        *(_head(title) for title in columns),
        Head("fit_time_s", "fit (s)", meaning="Time of the fit in seconds."),
        Head(
            "speed",
            "speed",
            meaning="Time of NUTS at its defaults, with the same program, divided by the time of "
            "the fit.",
        ),
    ]
    if all(line.cells_after[-1].value is None for line in lines):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    why = make_grid(_REASONS, reasons)
    return make_grid(heads, rows), replace(why, row_ids=tuple(row_ids))


def _head(title: str) -> Head:
    """Return the head of a column of verdicts."""
    meaning = (
        "Verdict on the joint draws: the worst of their own rules and of the parameters, whose "
        "errors are judged as one family."
    )
    return Head(f"of {title}", title, is_text=True, meaning=meaning if title == WHOLE else "")


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
) -> list[tuple[Cell, list[str]]]:
    """Return each verdict with its reason, and the quantities that it is told of.

    Of very many quantities these are the worst, and the worst of each column.
    """
    names = list(line.verdicts)
    if n_worst is not None:
        shown = {name for name in line.ranked[: n_worst + 1] if name in line.verdicts}
        shown |= {worst for members in columns.values() if (worst := _worst_of(line, members))}
        names = [name for name in line.ranked if name in shown]
    said: dict[Cell, list[str]] = {}
    for name in names:
        said.setdefault(line.verdicts[name], []).append(name)
    return list(said.items())


def _worst_of(line: _Line, members: Sequence[str]) -> str:
    """Return the worst of a column's quantities, empty if none is judged."""
    known = {name for name in members if name in line.verdicts}
    return next((name for name in line.ranked if name in known), "")


def _cell(line: _Line, members: Sequence[str], targets: Mapping[str, str]) -> Cell:
    """Return the worst verdict of a column's quantities, pointed to the reason of the worst."""
    known = [line.verdicts[name] for name in members if name in line.verdicts]
    if not known:
        return Cell(text=NOT_APPLICABLE)
    name = _worst_of(line, members)
    cell = replace(line.verdicts[name], target=targets[name])
    if len(members) == 1:
        return cell
    n_same = sum(other.verdict == cell.verdict for other in known)
    share = f" ({n_same:,} of {len(known):,})" if n_same < len(known) else ""
    return replace(cell, text=with_symbol(cell.verdict) + share, reason=f"{name}: {cell.reason}")


def with_symbol(verdict: str) -> str:
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
        yield _line(series.line_title, series, series.fits, series.judged, after)


def _line(
    title: str, series: SeriesTables, fits: pd.DataFrame, rows: pd.DataFrame, after: Sequence[Cell]
) -> _Line:
    """Return a line: the fits' own verdict first, then that of each parameter."""
    verdicts = _judged(fits.assign(parameter=WHOLE), series.n_runs)
    return _Line(
        title=title,
        verdicts=verdicts | _judged(rows, series.n_runs),
        ranked=(WHOLE, *rank(rows)),
        cells_after=after,
    )


def _judged(rows: pd.DataFrame, n_runs: int) -> dict[str, Cell]:
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


def _with_reason(verdict: str, reason: object, replicate: object, share: tuple[int, int]) -> Cell:
    """Return a verdict of some replicates with its reason."""
    n_same, n_runs = share
    told = NOT_APPLICABLE if pd.isna(reason) else str(reason)  # type: ignore[call-overload]
    text = with_symbol(verdict) + (f" ({n_same} of {n_runs})" if n_same < n_runs else "")
    reason = f"#{replicate}: {told}" if n_runs > 1 else told
    return Cell(text=text, verdict=verdict, reason=reason)

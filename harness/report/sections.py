"""The parts of a report on one data set: tables with their titles, notes and figures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.errors import HarnessError
from harness.fits.quantities import RELABELLED
from harness.messages.faults import unexpected
from harness.report import tables as declared
from harness.report.dataset import DatasetTables
from harness.report.grid import Cell, Grid, Head, markdown_table
from harness.report.matrix import matrix_grids
from harness.report.notes import INDEPENDENT, ORDERED, WORSE_THAN_FIT, note_on
from harness.report.reasons import severity
from harness.report.runs import all_runs
from harness.report.series_columns import FitColumn, dataset_columns
from harness.report.specification import ReportTable
from harness.report.wide import diagnostics_table, estimates_table, is_transposed
from harness.report.worst import shown_note
from harness.study.published import Published
from harness.study.series import method_family

_COMPARISON, _FITS = ("comparison.csv",), ("fits.csv",)

#: A link in a note, which its file has to follow from one folder below.
_LINK = re.compile(r"\]\(([^)]+)")

#: A table that names more rows is folded.
MOST_ROWS = 40


@dataclass(frozen=True, kw_only=True)
class Part:
    """A table of the report, or a place for figures.

    Attributes
    ----------
    kind : str
        The stem of its file's name.
    title : str
        Its heading.
    table : Grid or None
        None where there is nothing to say.
    more : Grid or None
        The longer table that its file has in its place; None if it is the same.
    more_title : str
        What the longer table has more.
    note : str
        How to read it, in Markdown; its columns have definitions.
    sources : tuple of str
        The saved tables that its numbers come from.
    figures : tuple of str
        Kinds of figures that belong here.
    """

    kind: str
    title: str
    table: Grid | None = None
    more: Grid | None = None
    more_title: str = "All parameters"
    note: str = ""
    sources: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether the table would bury what follows it, so that it is folded."""
        return self.table is not None and self.table.n_named > MOST_ROWS

    @property
    def page(self) -> str:
        """The content of its file; empty without a table."""
        grid = self.more or self.table
        if grid is None:
            return ""
        note = _LINK.sub(r"](../\1", self.note).replace("](../#", "](../report.md#")
        return "\n\n".join([markdown_table(grid), note, *self._definitions]) + "\n"

    @property
    def has_definitions(self) -> bool:
        """Whether its file defines columns."""
        return bool(self._definitions)

    @property
    def _definitions(self) -> list[str]:
        """A list of the columns that have a definition, if there are any."""
        columns = [item for grid in (self.table, self.more) if grid for item in grid.columns]
        lines = [f"- **{item.title}**: {item.meaning}" for item in columns if item.meaning]
        return ["\n".join(dict.fromkeys(lines))] if lines else []


def _part[T](
    table: ReportTable[T], tables: DatasetTables, *, extra: str = "", title: str = ""
) -> Part:
    """Return a declared table of a data set with its note; a longer one only if it is longer."""
    short = or_reason(table.grid, tables)
    whole = or_reason(table.whole_grid, tables)
    return Part(
        kind=table.kind,
        title=title or table.title,
        table=short,
        more=whole if whole != short else None,
        note=note_on(table.kind, has_replicates=tables.has_replicates) + extra,
        sources=table.sources,
    )


def matrix_part(tables: DatasetTables) -> Part:
    """Return the table that the report opens with."""
    matrix, reasons = matrix_grids(tables)
    return Part(
        kind="matrix",
        title="May I trust it?",
        table=matrix,
        more=reasons,
        more_title=(
            "The reason for every verdict" if tables.n_worst is None else "The reasons for verdicts"
        ),
        note=_matrix_note(matrix, tables),
        sources=_COMPARISON + _FITS,
    )


def _matrix_note(matrix: Grid, tables: DatasetTables) -> str:
    """Say what verdicts allow, and what a reader may wonder at."""
    note = note_on("matrix", has_replicates=tables.has_replicates)
    bad = [[severity(cell.verdict) for cell in row if cell.verdict] for row in matrix.rows]
    if any(max(row, default=0) > row[0] for row in bad if row):
        note += WORSE_THAN_FIT
    return note + shown_note(tables)


def dataset_parts(tables: DatasetTables, published: Published | None) -> list[Part]:
    """Return all else on a data set, in the order of the report.

    Parts without a table are left out, unless they are a place for figures.
    """
    columns = dataset_columns(tables, published)
    stability = _part(declared.STABILITY, tables)
    runs = or_reason(lambda: declared.RUNS.grid_of(all_runs(tables, published)))
    parts = (
        Part(kind="gain", title="What is gained", figures=("gain",)),
        _part(declared.VERDICT, tables),
        Part(kind="data", title="The data and the posterior", figures=("posterior", "weights")),
        _part(declared.VARIABLES, tables),
        *_estimates(columns, tables),
        *_errors(tables),
        *_accounts(tables),
        _part(declared.LABELS, tables),
        _part(declared.MODES, tables),
        replace(stability, more_title=_all_or_worst(tables, "least stable")),
        _part(declared.COST, tables),
        replace(_part(declared.RUNS, tables), table=runs),
    )
    return [part for part in parts if part.table or part.figures]


def or_reason(
    make: Callable[..., Grid | None], *arguments: object, **options: object
) -> Grid | None:
    """Return a table, or one that says why it is missing, so that the others are shown.

    Parameters
    ----------
    make : callable
        Makes the table from the other arguments.

    Returns
    -------
    Grid or None
        None where there is nothing to say.
    """
    try:
        return make(*arguments, **options)
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001
        return Grid(
            columns=(Head("reason", "this table is missing", is_text=True),),
            rows=((Cell(text=unexpected(error)),),),
            is_sortable=False,
        )


def _all_or_worst(tables: DatasetTables, worst: str = "worst") -> str:
    """Say what a longer table has more."""
    return "All parameters" if tables.n_worst is None else f"The {worst} parameters of each series"


def _estimates(columns: Sequence[FitColumn], tables: DatasetTables) -> tuple[Part, ...]:
    """Return posterior means with their diagnostics and intervals."""
    some = any(column.estimates for column in columns if column.key)
    ordered = any(column.labels == RELABELLED for column in columns)
    chains = [column for column in columns if column.are_chains]
    left_out = shown_note(tables, across=True)
    return (
        Part(
            kind="estimates",
            title="Posterior means",
            table=or_reason(estimates_table, columns) if some else None,
            note=note_on("estimates", has_replicates=tables.has_replicates)
            + (ORDERED if ordered else "")
            + left_out,
            sources=_COMPARISON,
        ),
        Part(
            kind="diagnostics",
            title="R-hat and effective sample sizes",
            table=or_reason(diagnostics_table, chains, series_down=is_transposed(columns))
            if any(item.key for item in chains)
            else None,
            note=note_on("diagnostics", has_replicates=tables.has_replicates)
            + (INDEPENDENT if len(chains) < len(columns) else "")
            + left_out,
            sources=_COMPARISON,
        ),
        Part(kind="intervals", title="Figure of means and intervals", figures=("forest",)),
    )


def _errors(tables: DatasetTables) -> tuple[Part, ...]:
    """Return how far fits are from the reference."""
    errors = _part(declared.ERRORS, tables, extra=shown_note(tables))
    return (
        replace(errors, more_title=_all_or_worst(tables)),
        Part(
            kind="approximations",
            title="Figures of the approximations",
            figures=("approximations", "zoom"),
        ),
        _part(declared.JOINT, tables),
        _part(declared.WEIGHTS, tables),
    )


def _accounts(tables: DatasetTables) -> tuple[Part, ...]:
    """Return the diagnostics that the algorithms report."""
    families = {method_family(s.key.method) for s in tables.series if not s.are_chains}
    title = f"Diagnostics of {families.pop()}" if len(families) == 1 else ""
    return (
        Part(kind="elbo", title="ELBO traces", figures=("elbo",)),
        _part(declared.OPTIMISERS, tables, title=title),
        _part(declared.SAMPLERS, tables),
    )

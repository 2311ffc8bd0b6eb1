"""The parts of a report on one data set: tables with their titles, notes and figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.fits.quantities import RELABELLED
from harness.report.accounts import optimiser_table, sampler_table
from harness.report.columns import Column, dataset_columns
from harness.report.cost import cost_table
from harness.report.dataset import DatasetTables
from harness.report.definitions import with_definitions
from harness.report.errors import errors_table, worst_errors_table
from harness.report.grid import Grid
from harness.report.joint import joint_table
from harness.report.labels import labels_table
from harness.report.markdown import markdown_table
from harness.report.matrix import matrix_grids
from harness.report.missing import or_reason
from harness.report.notes import INDEPENDENT, NOTES, ORDERED
from harness.report.runs import runs_table
from harness.report.stability import stability_table, worst_stability_table
from harness.report.variables import variables_table
from harness.report.verdicts import verdict_table
from harness.report.weights import weights_table
from harness.report.wide import diagnostics_table, estimates_table, is_transposed
from harness.report.worst import shown_note
from harness.study.published import Published

_COMPARISON, _FITS, _STABILITY = ("comparison.csv",), ("fits.csv",), ("stability.csv",)

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


def _part(
    kind: str,
    title: str,
    table: Grid | None,
    sources: tuple[str, ...],
    *,
    more: Grid | None = None,
    more_title: str = "All parameters",
    extra: str = "",
) -> Part:
    """Return a table with its note; a longer one only where it is longer."""
    return Part(
        kind=kind,
        title=title,
        table=with_definitions(table, kind),
        more=with_definitions(more, kind) if more != table else None,
        more_title=more_title,
        note=NOTES[kind] + extra,
        sources=sources,
    )


def matrix_part(tables: DatasetTables) -> Part:
    """Return the table that the report opens with."""
    matrix, reasons = matrix_grids(tables)
    return Part(
        kind="matrix",
        title="May I trust it?",
        table=with_definitions(matrix, "matrix"),
        more=reasons,
        more_title=(
            "The reason of every verdict" if tables.n_worst is None else "The reasons of verdicts"
        ),
        note=NOTES["matrix"] + shown_note(tables),
        sources=_COMPARISON + _FITS,
    )


def dataset_parts(tables: DatasetTables, published: Published | None) -> list[Part]:
    """Return all else on a data set, in the order of the report.

    Parts without a table are left out, unless they are a place for figures.
    """
    columns = dataset_columns(tables, published)
    parts = (
        _part("verdict", "What decided", or_reason(verdict_table, tables), _FITS + _COMPARISON),
        Part(kind="data", title="The data and the posterior", figures=("posterior", "weights")),
        _part("variables", "Verdicts by variable", or_reason(variables_table, tables), _COMPARISON),
        *_estimates(columns, tables),
        *_errors(tables),
        *_accounts(tables),
        _part("labels", "Labels", or_reason(labels_table, tables), _FITS),
        _part(
            "stability",
            "Stability of the least stable parameter",
            or_reason(worst_stability_table, tables),
            _STABILITY,
            more=or_reason(stability_table, tables),
            more_title=_all_or_worst(tables, "least stable"),
        ),
        _part("cost", "Cost", or_reason(cost_table, tables), _FITS),
        _part("runs", "Runs and their warnings", or_reason(runs_table, tables, published), _FITS),
    )
    return [part for part in parts if part.table or part.figures]


def _all_or_worst(tables: DatasetTables, worst: str = "worst") -> str:
    """Say what a longer table has more."""
    return "All parameters" if tables.n_worst is None else f"The {worst} parameters of each series"


def _estimates(columns: Sequence[Column], tables: DatasetTables) -> tuple[Part, ...]:
    """Return posterior means with their diagnostics and intervals."""
    some = any(column.estimates for column in columns if column.key)
    ordered = any(column.labels == RELABELLED for column in columns)
    chains = [column for column in columns if column.are_chains]
    left_out = shown_note(tables, across=True)
    return (
        _part(
            "estimates",
            "Posterior means",
            or_reason(estimates_table, columns) if some else None,
            _COMPARISON,
            extra=(ORDERED if ordered else "") + left_out,
        ),
        _part(
            "diagnostics",
            "R-hat and effective sample sizes",
            or_reason(diagnostics_table, chains, series_down=is_transposed(columns))
            if any(item.key for item in chains)
            else None,
            _COMPARISON,
            extra=(INDEPENDENT if len(chains) < len(columns) else "") + left_out,
        ),
        Part(kind="intervals", title="Figure of means and intervals", figures=("forest",)),
    )


def _errors(tables: DatasetTables) -> tuple[Part, ...]:
    """Return how far fits are from the reference."""
    return (
        _part(
            "errors",
            "Errors of the worst parameter",
            or_reason(worst_errors_table, tables),
            _COMPARISON,
            more=or_reason(errors_table, tables),
            more_title=_all_or_worst(tables),
            extra=shown_note(tables),
        ),
        Part(
            kind="approximations",
            title="Figures of the approximations",
            figures=("approximations", "zoom"),
        ),
        _part("joint", "Joint distances", or_reason(joint_table, tables), _FITS),
        _part("weights", "Importance weights: k-hat", or_reason(weights_table, tables), _FITS),
    )


def _accounts(tables: DatasetTables) -> tuple[Part, ...]:
    """Return the diagnostics that the algorithms report."""
    only_advi = all("advi" in item.key.method for item in tables.series if not item.are_chains)
    title = "Diagnostics of ADVI" if only_advi else "Diagnostics of the approximations"
    return (
        Part(kind="elbo", title="ELBO traces", figures=("elbo",)),
        _part("optimisers", title, or_reason(optimiser_table, tables), _FITS),
        _part("samplers", "Diagnostics of NUTS", or_reason(sampler_table, tables), _FITS),
    )

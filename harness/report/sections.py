"""The parts of a report on one data set: tables with their titles and notes."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.published import Published
from harness.quantities import RELABELLED
from harness.report.accounts import optimiser_table, sampler_table
from harness.report.columns import Column, dataset_columns
from harness.report.cost import cost_table
from harness.report.dataset import DatasetTables
from harness.report.errors import errors_table, worst_errors_table
from harness.report.joint import joint_table
from harness.report.labels import labels_table
from harness.report.notes import INDEPENDENT, NOTES, ORDERED
from harness.report.runs import runs_table
from harness.report.stability import stability_table, worst_stability_table
from harness.report.verdicts import verdict_table
from harness.report.wide import diagnostics_table, estimates_table


@dataclass(frozen=True, kw_only=True)
class Part:
    """A table of the report.

    Attributes
    ----------
    kind : str
        The stem of its file's name.
    title : str
        Its heading.
    table : str
        Markdown; empty where there is nothing to say.
    more : str
        The longer table that its file has in its place; empty if it is the same.
    note : str
        What its columns mean.
    """

    kind: str
    title: str
    table: str
    more: str = ""
    note: str

    @property
    def page(self) -> str:
        """The content of its file."""
        return f"{self.more or self.table}\n\n{self.note}\n"


def _part(kind: str, title: str, table: str, *, more: str = "", extra: str = "") -> Part:
    """Return a table with its note."""
    return Part(kind=kind, title=title, table=table, more=more, note=NOTES[kind] + extra)


def verdict_part(tables: DatasetTables) -> Part:
    """Return the table that the report opens with."""
    return _part("verdict", "May I trust it?", verdict_table(tables))


def parts_before_figures(tables: DatasetTables, published: Published | None) -> list[Part]:
    """Return errors and estimates; parts without a table are left out."""
    columns = dataset_columns(tables, published)
    ordered = any(column.labels == RELABELLED for column in columns)
    return _present(
        _part(
            "errors",
            "Errors of the worst parameter",
            worst_errors_table(tables),
            more=errors_table(tables),
        ),
        _part(
            "estimates",
            "Estimates",
            estimates_table(columns) if _has_estimates(columns) else "",
            extra=ORDERED if ordered else "",
        ),
    )


def parts_after_figures(tables: DatasetTables, published: Published | None) -> list[Part]:
    """Return everything else; parts without a table are left out."""
    columns = dataset_columns(tables, published)
    independent = any(_is_independent(column) for column in columns)
    return _present(
        _part("labels", "Labels", labels_table(tables)),
        _part(
            "stability",
            "Stability of the least stable parameter",
            worst_stability_table(tables),
            more=stability_table(tables),
        ),
        _part("joint", "Joint distances", joint_table(tables)),
        _part("cost", "Cost", cost_table(tables)),
        _part(
            "diagnostics",
            "Diagnostics",
            diagnostics_table(columns) if _has_estimates(columns) else "",
            extra=INDEPENDENT if independent else "",
        ),
        _part("samplers", "NUTS's own account", sampler_table(tables)),
        _part("optimisers", _optimisers_title(tables), optimiser_table(tables)),
        _part("runs", "Runs", runs_table(tables, published)),
    )


def _present(*parts: Part) -> list[Part]:
    """Leave out parts without a table."""
    return [part for part in parts if part.table]


def _has_estimates(columns: Sequence[Column]) -> bool:
    """Whether any series of the study gave a fit."""
    return any(column.estimates for column in columns if column.key)


def _is_independent(column: Column) -> bool:
    """Whether a column of the study has estimates that R-hat does not apply to."""
    return column.key is not None and bool(column.estimates) and not column.are_chains


def _optimisers_title(tables: DatasetTables) -> str:
    """Name the approximations."""
    only_advi = all("advi" in item.key.method for item in tables.series if not item.are_chains)
    return "ADVI's own account" if only_advi else "The approximations' own account"

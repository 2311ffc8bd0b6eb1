"""What a report says, before it is Markdown or HTML."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from harness.report.dataset import DatasetTables, dataset_tables
from harness.report.findings import findings
from harness.report.grid import Grid
from harness.report.overview import Overview, make_overview
from harness.report.provenance import machine_line, provenance_rows, seeds_table
from harness.report.redone import Counterpart, counterparts, data_sentence
from harness.report.results import ReportFigure, Results
from harness.report.runs import published_table
from harness.report.sections import Part, dataset_parts, matrix_part
from harness.report.verdicts import answer
from harness.study.published import Published
from harness.study.series import MOST_IN_FULL


@dataclass(frozen=True, kw_only=True)
class FigureView:
    """A figure with its number in the report."""

    number: int
    figure: ReportFigure


@dataclass(frozen=True, kw_only=True)
class PartView:
    """A part with its figures, and those of its figures that stand elsewhere."""

    part: Part
    figures: tuple[FigureView, ...]
    elsewhere: tuple[FigureView, ...]


@dataclass(frozen=True, kw_only=True)
class DatasetView:
    """One data set: the answer, what the tables say, and the parts."""

    name: str
    stem: str
    n_rows: int | None
    answer: str
    matrix: Part
    findings: tuple[str, ...]
    parts: tuple[PartView, ...]


@dataclass(frozen=True, kw_only=True)
class OverviewView:
    """What is said of all data sets together."""

    overview: Overview
    parts: tuple[PartView, ...]


@dataclass(frozen=True, kw_only=True)
class RedoneView:
    """One of the study's figures beside those of the source that it redoes."""

    view: FigureView
    items: tuple[Counterpart, ...]


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """A whole report.

    Attributes
    ----------
    name, title, description : str
        The study's.
    published : Published or None
        Numbers from elsewhere.
    datasets : tuple of DatasetView
        In the study's order.
    redone : tuple of RedoneView
        The source's figures; empty without any.
    provenance : tuple of tuple
        Names with versions and digests, in Markdown.
    machine : str
        The machine in a phrase.
    runs : Grid
        Options and seeds.
    published_table : Grid or None
        All published numbers.
    commands : tuple of str
        What makes the results again; empty for those of no study file.
    made_by : str
        The command that made them, as the manifest has it.
    overview : OverviewView or None
        Of many data sets, and of what is swept.
    """

    name: str
    title: str
    description: str
    published: Published | None
    datasets: tuple[DatasetView, ...]
    redone: tuple[RedoneView, ...]
    provenance: tuple[tuple[str, str], ...]
    machine: str
    runs: Grid
    published_table: Grid | None
    commands: tuple[str, ...] = ()
    made_by: str = "run"
    overview: OverviewView | None = None

    @property
    def is_many(self) -> bool:
        """Whether there are so many data sets that the report is on all of them together."""
        return len(self.datasets) > MOST_IN_FULL

    @property
    def matrix_note(self) -> str:
        """What stands below the tables of verdicts: what is to be said of any of them."""
        return max((item.matrix.note for item in self.datasets), key=len, default="")


def make_view(results: Results, published: Published | None) -> ReportView:
    """Say what a report says.

    Parameters
    ----------
    results : Results
        Saved tables, manifest and figures.
    published : Published or None
        Numbers to set beside the study's own.

    Returns
    -------
    ReportView
        Figures are numbered in the order in which they stand: first those that redo the
        source's, then those of each data set.

    Raises
    ------
    PublishedError
        If a text of the source asks for a number that is not there.
    """
    manifest = results.manifest
    tables = [dataset_tables(results, name) for name in results.datasets]
    numbers = count(1)
    redone = _redone(results.figures, tables, published, numbers)
    overview = _overview(results, tables, numbers)
    study = manifest["study"]
    return ReportView(
        name=study["name"],
        title=study["title"],
        description=" ".join(manifest.get("description", "").split()),
        published=published,
        datasets=tuple(_dataset(item, results, published, redone, numbers) for item in tables),
        redone=redone,
        provenance=tuple(provenance_rows(manifest)),
        machine=machine_line(manifest),
        runs=seeds_table(manifest),
        published_table=published_table(published) if published else None,
        commands=_commands(study),
        made_by=study.get("made_by", "run"),
        overview=overview,
    )


def _commands(study: Mapping[str, str]) -> tuple[str, ...]:
    """Return what runs a study, and what writes its report again; nothing without a file."""
    if study.get("made_by", "run") != "run":
        return ()
    # manifests of earlier versions do not tell the file
    file = shlex.quote(study.get("file", f"studies/{study['name']}.toml"))
    scale = f" --scale {study['scale']}" if study.get("scale") else ""
    return (f"harness run {file}{scale}", f"harness report {file}")


def _overview(
    results: Results, tables: Sequence[DatasetTables], numbers: "count[int]"
) -> OverviewView | None:
    """Return the parts on all data sets with their figures."""
    overview = make_overview(results, tables)
    if overview is None:
        return None
    figures = [figure for figure in results.figures if not figure.dataset]
    views = []
    for part in overview.parts:
        here = [figure for kind in part.figures for figure in figures if kind in figure.name]
        if part.table is None and not here:
            continue
        shown = tuple(FigureView(number=next(numbers), figure=item) for item in here)
        views.append(PartView(part=part, figures=shown, elsewhere=()))
    return OverviewView(overview=overview, parts=tuple(views))


def _redone(
    figures: Sequence[ReportFigure],
    tables: Sequence[DatasetTables],
    published: Published | None,
    numbers: "count[int]",
) -> tuple[RedoneView, ...]:
    """Group the source's figures by the study's own, leaving out those that were not drawn."""
    items = counterparts(published, tables) if published else []
    by_name = {figure.name: figure for figure in figures}
    names = [name for name in dict.fromkeys(item.figure for item in items) if name in by_name]
    return tuple(
        RedoneView(
            view=FigureView(number=next(numbers), figure=by_name[name]),
            items=tuple(item for item in items if item.figure == name),
        )
        for name in names
    )


def _dataset(
    tables: DatasetTables,
    results: Results,
    published: Published | None,
    redone: Sequence[RedoneView],
    numbers: "count[int]",
) -> DatasetView:
    """Return one data set's parts, without those that have nothing to show."""
    mine = [figure for figure in results.figures if figure.dataset == tables.name]
    shown = {item.view.figure.name: item.view for item in redone}
    parts = []
    is_many = len(results.datasets) > MOST_IN_FULL
    for part in dataset_parts(tables, published):
        if is_many and part.kind != "verdict":
            continue
        here = [figure for kind in part.figures for figure in mine if figure.kind == kind]
        if part.table is None and not here:
            continue
        parts.append(
            PartView(
                part=part,
                elsewhere=tuple(shown[item.name] for item in here if item.name in shown),
                figures=tuple(
                    FigureView(number=next(numbers), figure=item)
                    for item in here
                    if item.name not in shown
                ),
            )
        )
    told = data_sentence(published.dataset(tables.name), published.name) if published else ""
    said = findings(tables, results.manifest, published)
    return DatasetView(
        name=tables.name,
        stem=tables.stem,
        n_rows=tables.n_rows,
        answer=answer(tables, explains_speed=tables.name == results.datasets[0]),
        matrix=matrix_part(tables),
        findings=tuple([told, *said] if told else said),
        parts=tuple(parts),
    )

"""Notes below tables are short, and the columns of tables have definitions."""

import re
from pathlib import Path

import pytest

from harness.report import tables as declared
from harness.report.grid import Grid
from harness.report.notes import BRIEF, INDEPENDENT, NOTES, OF_REPLICATES, ORDERED, note_on
from harness.report.results import read_results
from harness.report.sections import Part
from harness.report.specification import ReportTable
from harness.report.view import DatasetView, make_view
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    NOT_APPLICABLE,
    read_table,
    write_table,
)
from tests.fabricated import ORDERED_NUTS
from tests.saved_report import PUBLISHED, write_results

TABLES = [item for item in vars(declared).values() if isinstance(item, ReportTable)]

#: Columns that apply to no run of the fabricated study; of many quantities only, all of a table.
NOT_HERE = {
    *(("samplers", key) for key in ("n_retries", "attempts")),
    *(("variables", c.key) for c in declared.VARIABLES.columns),
}

#: What may follow a note.
EXTRA = {"estimates": ORDERED, "diagnostics": INDEPENDENT}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetView:
    """The report on a data set whose reference is valid."""
    folder: Path = tmp_path_factory.mktemp("results")
    write_results(folder, reference=ORDERED_NUTS)
    return make_view(read_results(folder), PUBLISHED).datasets[0]


def grids(dataset: DatasetView) -> list[tuple[Part, Grid]]:
    """All tables of a data set."""
    parts = [dataset.matrix, *(item.part for item in dataset.parts)]
    return [(part, grid) for part in parts for grid in (part.table, part.more) if grid]


NOTE_TEXTS = {
    "brief": BRIEF,
    **{kind: note_on(kind, has_replicates=True) + EXTRA.get(kind, "") for kind in NOTES},
}


@pytest.mark.parametrize("note", NOTE_TEXTS.values(), ids=NOTE_TEXTS)
def test_notes_have_few_sentences(note: str) -> None:
    assert 1 <= len(re.findall(r"[.](?= |$)", note)) <= 4
    assert len(note) < 420


def test_notes_speak_of_replicates_where_there_are_some(tmp_path: Path) -> None:
    parts = {}
    for n in (1, 3):
        folder = tmp_path / str(n)
        folder.mkdir()
        write_results(folder, reference=ORDERED_NUTS)
        for name, columns in (("fits", FITS_COLUMNS), ("comparison", COMPARISON_COLUMNS)):
            table = read_table(folder / f"{name}.csv", columns)
            write_table(table[table["replicate"] <= n], folder / f"{name}.csv")
        view = make_view(read_results(folder), None).datasets[0]
        parts[n] = {part.kind: part.note for part, _ in grids(view)}
    assert set(OF_REPLICATES) <= parts[3].keys()
    for kind, note in OF_REPLICATES.items():
        assert note not in parts[1].get(kind, "")
        assert note in parts[3].get(kind, note)


def test_declared_columns_are_shown(dataset: DatasetView) -> None:
    shown = {(part.kind, head.key) for part, grid in grids(dataset) for head in grid.columns}
    for table in TABLES:
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys)
        assert {(table.kind, key) for key in keys} - shown <= NOT_HERE


def test_tables_have_notes_and_definitions_are_sentences() -> None:
    assert {table.kind for table in TABLES} < NOTES.keys()
    meanings = [column.meaning for table in TABLES for column in table.columns if column.meaning]
    assert len(meanings) > 50
    assert all(meaning.endswith(".") for meaning in meanings)


def test_no_table_is_mostly_not_applicable(dataset: DatasetView) -> None:
    for part, grid in grids(dataset):
        cells = [cell.text for row in grid.rows for cell in row[1:]]
        empty = sum(text.startswith(NOT_APPLICABLE) for text in cells)
        assert empty < len(cells) / 2, part.kind


def test_heads_and_files_show_the_definitions(dataset: DatasetView) -> None:
    part = next(item.part for item in dataset.parts if item.part.kind == "joint")
    assert part.table is not None
    meanings = [head.meaning for head in part.table.columns if head.meaning]
    assert len(meanings) > 5
    assert all(meaning in part.page for meaning in meanings)
    assert part.has_definitions

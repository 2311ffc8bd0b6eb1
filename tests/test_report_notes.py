"""Notes below tables are short, and the columns of tables have definitions."""

import re
from pathlib import Path

import pytest

from harness.report.definitions import DEFINITIONS
from harness.report.notes import BRIEF, INDEPENDENT, NOTES, ORDERED
from harness.report.results import read_results
from harness.report.view import DatasetView, make_view
from tests.fabricated import ORDERED_NUTS
from tests.saved_report import PUBLISHED, write_results

#: Columns that apply to no run of the fabricated study.
NOT_HERE = {
    ("samplers", "n_retries"),
    *(("variables", key) for key in DEFINITIONS["variables"]),  # of many quantities only
}

#: What may follow a note.
EXTRA = {"estimates": ORDERED, "diagnostics": INDEPENDENT}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetView:
    """The report on a data set whose reference is valid."""
    folder: Path = tmp_path_factory.mktemp("results")
    write_results(folder, reference=ORDERED_NUTS)
    return make_view(read_results(folder), PUBLISHED).datasets[0]


@pytest.mark.parametrize(
    "note", [*(NOTES[kind] + EXTRA.get(kind, "") for kind in NOTES), BRIEF], ids=[*NOTES, "brief"]
)
def test_notes_have_at_most_three_sentences(note: str) -> None:
    assert 1 <= len(re.findall(r"[.](?= |$)", note)) <= 3
    assert len(note) < 420


def test_definitions_are_those_of_columns(dataset: DatasetView) -> None:
    parts = [dataset.matrix, *(item.part for item in dataset.parts)]
    grids = [(part.kind, grid) for part in parts for grid in (part.table, part.more) if grid]
    shown = {(kind, head.key) for kind, grid in grids for head in grid.columns}
    defined = {(kind, key) for kind, keys in DEFINITIONS.items() for key in keys}
    assert defined - shown <= NOT_HERE
    assert all(text.endswith(".") for keys in DEFINITIONS.values() for text in keys.values())


def test_heads_and_files_show_the_definitions(dataset: DatasetView) -> None:
    part = next(item.part for item in dataset.parts if item.part.kind == "joint")
    assert part.table is not None
    meanings = [head.meaning for head in part.table.columns if head.meaning]
    assert len(meanings) > 5
    assert all(meaning in part.page for meaning in meanings)
    assert part.has_definitions

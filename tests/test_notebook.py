"""The teaching notebook runs, and says today what it said when it was stored."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.cases import PROJECT

FILE = PROJECT / "docs" / "notebook.ipynb"


def read_notebook() -> nbformat.NotebookNode:
    content = FILE.read_text(encoding="utf-8")
    return nbformat.reads(content, as_version=4)  # type: ignore[no-any-return, no-untyped-call]


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def facts(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What the cells print that hold for every machine."""
    return {
        cell.id: "".join(output.text for output in cell.outputs)
        for cell in code_cells(notebook)
        if "fact" in cell.metadata.get("tags", ())
    }


def test_it_is_stored_as_it_was_executed() -> None:
    notebook = read_notebook()
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    assert len(facts(notebook)) >= 4
    assert not re.search(r"/(?:home|root|tmp|Users)/", FILE.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_it_still_says_so(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    notebook = read_notebook()
    stored = facts(notebook)
    for cell in code_cells(notebook):
        cell.outputs = []
    resources = {"metadata": {"path": str(FILE.parent)}}
    NotebookClient(notebook, timeout=900, resources=resources).execute()
    assert facts(notebook) == stored

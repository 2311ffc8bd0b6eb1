"""Examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

from tests.cases import PROJECT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules_with_examples() -> list[str]:
    """The modules whose docstrings have any."""
    files = sorted((PROJECT / "harness").rglob("*.py"))
    parts = [
        file.relative_to(PROJECT).with_suffix("").parts
        for file in files
        if ">>> " in file.read_text(encoding="utf-8")
    ]
    return [".".join(p[:-1] if p[-1] == "__init__" else p) for p in parts]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "harness.api.studies" else [])
        for name in modules_with_examples()
    ],
)
def test_examples(
    name: str, cmdstan_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    for module in ("options", "programs"):
        monkeypatch.setattr(f"harness.api.{module}.cache_folder", lambda: tmp_path)
    monkeypatch.chdir(PROJECT)
    results = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert results.attempted > 0
    assert results.failed == 0

"""Entries of a posteriordb clone, in its layout."""

import json
import zipfile
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import StudyError
from harness.study.posteriordb import entry_names, read_entry
from tests.cases import DATA


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Three posteriors: with zipped data and draws, without draws, and with a file missing."""
    root = tmp_path / "clone" / "posterior_database"
    written = {
        "posteriors/ar1-ar1.json": {
            "model_name": "ar1",
            "data_name": "ar1",
            "reference_posterior_name": "ar1-ar1",
        },
        "posteriors/ar1-plain.json": {
            "model_name": "ar1",
            "data_name": "plain",
            "reference_posterior_name": None,
        },
        "posteriors/lost.json": {"model_name": "lost", "data_name": "ar1"},
        "models/info/ar1.info.json": {
            "model_implementations": {"stan": {"model_code": "models/stan/ar1.stan"}}
        },
        "models/info/lost.info.json": {"model_implementations": {"pymc": {}}},
        "data/info/ar1.info.json": {"data_file": "data/data/ar1.json"},
        "data/info/plain.info.json": {"data_file": "data/data/plain.json"},
    }
    for name, content in written.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    for folder in ("models/stan", "data/data", "reference_posteriors/draws/draws"):
        (root / folder).mkdir(parents=True)
    models = DATA / "models"
    (root / "models/stan/ar1.stan").write_bytes((models / "ar1.stan").read_bytes())
    (root / "data/data/plain.json").write_bytes((models / "ar1.json").read_bytes())
    with zipfile.ZipFile(root / "data/data/ar1.json.zip", "w") as archive:
        archive.write(models / "ar1.json", "ar1.json")
    with zipfile.ZipFile(
        root / "reference_posteriors/draws/draws/ar1-ar1.json.zip", "w"
    ) as archive:
        archive.writestr("ar1-ar1.json", json.dumps([{"rho": [0.1, 0.2, 0.3, 0.4]}]))
    return root.parent


def test_an_entry_is_found_with_its_files(clone: Path) -> None:
    assert entry_names(clone) == ["ar1-ar1", "ar1-plain", "lost"]
    entry = read_entry(clone, "ar1-ar1")
    assert (entry.model.name, entry.data.name) == ("ar1.stan", "ar1.json.zip")
    assert entry.draws is not None
    assert entry.draws.name == "ar1-ar1.json.zip"
    assert read_entry(clone / "posterior_database", "ar1-ar1") == entry
    assert read_entry(clone, "ar1-plain").draws is None


@pytest.mark.parametrize(
    ("name", "told"), [("ar1-ar2", "ar1-ar1"), ("lost", "lost"), ("../x", "ar1-ar1")]
)
def test_what_is_missing_is_named(clone: Path, name: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        read_entry(clone, name)


def test_a_folder_without_posteriors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="posteriors"):
        entry_names(tmp_path)


@pytest.mark.parametrize(
    "arguments", [[], ["a.stan"], ["a.stan", "b.json", "--posteriordb", "folder", "name"]]
)
def test_one_of_both_is_compared(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *arguments]) == 2
    assert "--posteriordb" in capsys.readouterr().err

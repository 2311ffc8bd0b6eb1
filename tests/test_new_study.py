"""``harness init`` writes a study that runs as it is, over nothing that is there."""

import re
import tomllib
from pathlib import Path

import pytest

from harness.cli import main
from harness.methods import METHODS
from harness.results.columns import FITS_COLUMNS, read_table
from harness.study.file import TABLES
from harness.study.toml import read_study
from tests.test_study_schema import VALIDATOR


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new study in the working folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my-line"]) == 0
    return Path("my-line.toml")


def test_new_study_is_planned_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    study = Path("my-line.toml")
    assert main(["init", "my-line"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" my-line.toml, my-line.stan, my-line.csv")
    assert second.endswith(" harness run my-line.toml")
    plan = read_study(study)
    assert plan.name == "my-line"
    assert plan.datasets["data"].n_rows == 200
    assert plan.references["data"].run == plan.runs[0]
    assert {run.method.name for run in plan.runs} <= set(METHODS)
    assert max(run.replicate for run in plan.runs) == 3
    assert "harness run my-line.toml" in study.read_text()
    VALIDATOR.validate(tomllib.loads(study.read_text()))


def test_every_table_and_key_is_shown(study: Path) -> None:
    text = study.read_text()
    for name, table in TABLES.items():
        assert re.search(rf"^(# )?\[.*\b{name}(\.small)?\]", text, flags=re.MULTILINE)
        for key in table.model_fields:
            is_table = key in {"contract", "components", "posteriordb"}
            pattern = rf"^(# )?\[(programs|datasets).{key}\]" if is_table else rf"\b{key} = "
            assert re.search(pattern, text, flags=re.MULTILINE), (name, key)


def test_what_is_commented_out_is_toml_too(study: Path) -> None:
    """The table of mixtures, with its marks removed."""
    text = study.read_text()
    for name in ("components",):
        begin = text.index(f"# [programs.{name}]")
        lines = text[begin:].partition("\n\n")[0].splitlines()
        content = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
        assert TABLES[name].model_validate(content["programs"][name])


@pytest.mark.parametrize("taken", ["my-line.toml", "my-line.stan", "my-line.csv"])
def test_nothing_is_written_over(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    taken: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / taken).write_text("mine")
    assert main(["init", "my-line"]) == 2
    said = f"harness: '{taken}' is there already; give the study another name\n"
    assert capsys.readouterr() == ("", said)
    assert [file.name for file in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_folders_are_made_and_a_suffix_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "studies/mine.toml"]) == 0
    assert read_study(tmp_path / "studies" / "mine.toml").name == "mine"


@pytest.mark.parametrize("name", ["9lives", "a b", "..", "a.b", "-"])
def test_names_that_will_not_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--", name]) == 2
    assert "name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path / "file" / "mine")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_new_study_runs_as_it_is(
    study: Path,
    cmdstan_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    assert main(["run", str(study), "--store", "store"]) == 0
    fits = read_table(Path("results/my-line/fits.csv"), FITS_COLUMNS)
    assert fits["status"].eq("ok").all()
    verdicts = fits.set_index(["method", "variant"])["verdict"]
    assert verdicts["nuts", "reference"] == "trust"
    assert verdicts["nuts", "default"] == "trust"
    table, _, last = capsys.readouterr().out.rstrip().rpartition("\n")
    title, head, *rows = table.rstrip().splitlines()
    assert re.search(r"data \(200 rows\), .*NUTS reference in \d+(\.\d+)? s ", title)
    assert re.split("  +", head)[:2] == ["series", "verdict"]
    assert len(rows) == len(verdicts.index.unique())
    shown = {cells[0]: cells[1] for cells in (re.split("  +", row) for row in rows)}
    assert shown["NUTS reference"] == "trust"
    assert shown["Laplace"] == verdicts["laplace", "default"]
    assert re.findall(r"\d+", last) == [str(len(fits)), "0", "0"]
    assert " results/my-line/report.html" in last

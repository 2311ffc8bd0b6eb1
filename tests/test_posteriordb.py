"""Entries of a posteriordb clone, in its layout."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.errors import StudyError
from harness.report import read_results
from harness.report.dataset import dataset_tables
from harness.report.leaderboard import posteriors_table
from harness.results.columns import LEADERBOARD_COLUMNS, POSTERIORS_COLUMNS, read_table
from harness.study.comparison import Comparison, comparison_study
from harness.study.posteriordb import entry_names, read_entry
from harness.study.toml import read_study
from tests.cases import DATA, PROJECT
from tests.posteriordb_clone import SHORT, exact_draws, write_clone

STUDY = """
name = "pdb"
title = "Posteriors"
seed = 1

[[datasets]]
name = "posteriors"
posteriordb = { folder = "clone", name = ["*", "schools-schools"] }

[[cross]]
datasets = ["posteriors"]
method = "nuts"
variant = "default"

[[cross]]
datasets = ["posteriors"]
method = "laplace"
variant = "default"
replicates = 3
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Two posteriors with draws, one without, and one with a file missing."""
    ar1 = json.loads((DATA / "models" / "ar1.json").read_text())
    draws = {"ar1-ar1": exact_draws(ar1["y"]), "ar1-plain": exact_draws(SHORT)}
    return write_clone(tmp_path, draws=draws)


def test_an_entry_is_found_with_its_files(clone: Path) -> None:
    assert entry_names(clone) == ["ar1-ar1", "ar1-plain", "lost", "schools-schools"]
    entry = read_entry(clone, "ar1-ar1")
    assert (entry.model.name, entry.data.name) == ("ar1.stan", "ar1.json.zip")
    assert entry.draws is not None
    assert entry.draws.name == "ar1-ar1.json.zip"
    assert read_entry(clone / "posterior_database", "ar1-ar1") == entry
    assert read_entry(clone, "schools-schools").draws is None


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


@pytest.fixture
def study(clone: Path) -> Path:
    file = clone.parent / "pdb.toml"
    file.write_text(STUDY)
    return file


def test_posteriors_bring_programs_and_references(study: Path) -> None:
    """A wildcard names those with draws; one that is named in full has a NUTS reference."""
    found = read_study(study)
    assert list(found.datasets) == ["ar1-ar1", "ar1-plain", "schools-schools"]
    assert {
        name: source.file and source.file.name for name, source in found.references.items()
    } == {
        "ar1-ar1": "ar1-ar1.json.zip",
        "ar1-plain": "ar1-plain.json.zip",
        "schools-schools": None,
    }
    assert found.references["schools-schools"].run == found.runs[0]
    assert {run.program for run in found.runs if run.dataset != "schools-schools"} == {"ar1"}
    study.write_text(STUDY.replace('["*", "schools-schools"]', '"sch*"'))
    with pytest.raises(StudyError, match="'sch"):
        read_study(study)
    study.write_text(STUDY.replace('["*", "schools-schools"]', '["ar1-ar1", "lost"]'))
    with pytest.raises(StudyError, match="'lost'"):
        read_study(study)


def test_the_shipped_study_asks_for_what_single_comparisons_ask_for(clone: Path) -> None:
    """The same data, programs, methods and seeds give the same fits and figures."""
    found = read_study(PROJECT / "studies" / "posteriordb.toml", posteriordb=clone)
    assert list(found.datasets) == ["ar1-ar1", "ar1-plain"]
    methods = tuple(dict.fromkeys(run.method.name for run in found.runs))
    assert len(methods) == 10
    for name, dataset in found.datasets.items():
        entry = read_entry(clone, name)
        single = comparison_study(
            Comparison(model=entry.model, data=entry.data, methods=methods, reference=entry.draws)
        )
        assert {(run.method, run.variant, run.replicate, run.seed) for run in single.runs} == {
            (run.method, run.variant, run.replicate, run.seed)
            for run in found.runs
            if run.dataset == name
        }
        assert [each.digest for each in single.datasets.values()] == [dataset.digest]
        assert [source.file for source in single.references.values()] == [entry.draws]


def test_what_stanc_refuses_is_left_out_of_a_wildcard(study: Path, clone: Path) -> None:
    program = clone / "posterior_database" / "models" / "stan" / "ar1.stan"
    program.write_text("parameters { real x[2]; }")
    found = read_study(study)
    assert list(found.datasets) == ["schools-schools"]
    assert list(found.left_out) == ["ar1-ar1", "ar1-plain"]


@pytest.mark.parametrize("content", [b"no zip", b"", b"{}"])
def test_draws_that_cannot_be_read_are_left_out_of_a_wildcard(
    study: Path, clone: Path, content: bytes
) -> None:
    file = clone / "posterior_database/reference_posteriors/draws/draws/ar1-plain.json.zip"
    file.unlink()
    (file.with_suffix("") if content == b"{}" else file).write_bytes(content)
    found = read_study(study)
    assert list(found.datasets) == ["ar1-ar1", "schools-schools"]
    assert file.stem in found.left_out["ar1-plain"]
    study.write_text(STUDY.replace('["*", "schools-schools"]', '"*plain"'))
    with pytest.raises(StudyError, match="'ar1-plain'"):  # nothing is left to run
        read_study(study)


@pytest.mark.parametrize("folder", ["nowhere", "pdb.toml", "empty"])
def test_what_is_no_database_is_refused_and_the_option_told(study: Path, folder: str) -> None:
    (study.parent / "empty").mkdir()
    with pytest.raises(StudyError, match=f"{folder}.*--posteriordb FOLDER"):
        read_study(study, posteriordb=study.parent / folder)


def test_a_database_that_a_study_does_not_use_is_refused(clone: Path) -> None:
    with pytest.raises(StudyError, match="clone"):
        read_study(PROJECT / "studies" / "scaling.toml", posteriordb=clone)


def test_posteriors_are_listed(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--posteriordb", str(clone)]) == 0
    lines = [re.split("  +", line) for line in capsys.readouterr().out.splitlines()]
    drawn = {line[0]: line[3] for line in lines[2:] if len(line) > 3}
    assert drawn == {"ar1-ar1": "yes", "ar1-plain": "yes", "schools-schools": "no"}
    assert any(line[0] == "lost" for line in lines)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_leaderboard_has_the_numbers_of_single_comparisons(
    study: Path, clone: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    # one store: the same draws, so the same fits with the same times
    store = ["--store", str(tmp_path / "store")]
    assert main(["run", str(study), "--results", str(tmp_path / "out"), *store]) == 0
    posteriors = read_table(tmp_path / "out" / "pdb" / "posteriors.csv", POSTERIORS_COLUMNS)
    singles = []
    for name in ("ar1-ar1", "ar1-plain", "schools-schools"):
        asked = ["--posteriordb", str(clone), name, "--methods", "nuts,laplace"]
        out = tmp_path / name
        assert main(["compare", *asked, "--replicates", "3", "--out", str(out), *store]) == 0
        single = posteriors_table([dataset_tables(read_results(out), "data")])
        singles.append(single.assign(dataset=name))
    every = pd.concat(singles, ignore_index=True).sort_values(["dataset", "method"])
    ours = posteriors.sort_values(["dataset", "method"])
    pd.testing.assert_frame_equal(
        ours.reset_index(drop=True), every.reset_index(drop=True), check_dtype=False, rtol=1e-8
    )
    board = read_table(tmp_path / "out" / "pdb" / "leaderboard.csv", LEADERBOARD_COLUMNS)
    for _, line in board.iterrows():
        mine = every[every["method"] == line["method"]]
        assert line["n_posteriors"] == len(mine) == 3
        for verdict in ("trust", "marginals", "means only", "unknown", "do not trust"):
            share = line[f"share_{verdict.replace(' ', '_')}"]
            assert share == pytest.approx((mine["verdict"] == verdict).sum() / 3, abs=1e-8)
        for name in ("mean_error_sd", "fit_time_s", "time_vs_nuts"):
            assert line[name] == pytest.approx(mine[name].median(), rel=1e-8)

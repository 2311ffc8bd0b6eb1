"""The manifest says what made the results, and nothing about who did."""

import getpass
import json
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.errors import ResultsError
from harness.execution.run import FittedRun
from harness.fits.fit import Status, failed_fit
from harness.methods.advi import Advi
from harness.results.manifest import make_manifest, write_manifest
from harness.study.study import ReferenceSource, Run, Study
from tests.cases import MIXTURE, known_fit, pretend_compiled

DATASET = Dataset(name="rows", rows=np.arange(6.0).reshape(3, 2))
RUNS = tuple(
    Run(
        dataset="rows",
        program="gmm",
        method=Advi(eta=0.1),
        variant="tuned",
        replicate=replicate,
        seed=100 + replicate,
    )
    for replicate in (1, 2)
)
STUDY = Study(
    name="demo",
    title="Größe",
    description="About it.",
    datasets={"rows": DATASET},
    programs={"gmm": MIXTURE},
    runs=RUNS,
    published=None,
    digest="5" * 64,
)


def fitted() -> list[FittedRun]:
    fits = [
        known_fit({"mu": np.zeros((1, 4, 2, 2)), "pi": np.zeros((1, 4, 2))}),
        failed_fit(Status.FAILED, "broke"),
    ]
    return [
        FittedRun(run=run, fit=fit, program=pretend_compiled(), key=f"key{run.seed}", from_store=i)
        for run, fit, i in zip(RUNS, fits, (True, False), strict=True)
    ]


def test_what_decided_the_results_is_there() -> None:
    manifest = make_manifest(STUDY, fitted())
    named = {"name": "demo", "title": "Größe", "sha256": "5" * 64, "made_by": "run"}
    assert manifest["study"] == named
    assert manifest["datasets"] == {"rows": {"n_rows": 3, "sha256": DATASET.digest}}
    assert manifest["programs"] == {
        "gmm": {
            "file": "gmm.stan",
            "data": {"prior_sd": 1.0},
            "sha256": "d1" * 32,
            "stan_version": "2.39.0",
            "flags": "",
        }
    }
    assert [run["seed"] for run in manifest["runs"]] == [101, 102]
    assert [run["key"] for run in manifest["runs"]] == ["key101", "key102"]
    assert manifest["runs"][1]["run"] == "rows / gmm / advi tuned #2"
    assert manifest["runs"][0]["options"]["eta"] == 0.1
    assert manifest["runs"][0]["options"]["tol_rel_obj"] == 0.01


def test_references_are_named() -> None:
    assert make_manifest(STUDY, fitted())["references"] == {}
    of_run = replace(STUDY, references={"rows": ReferenceSource(run=RUNS[0])})
    named = {"program": "gmm", "method": "advi", "variant": "tuned"}
    assert make_manifest(of_run, fitted())["references"] == {"rows": named}
    of_file = replace(STUDY, references={"rows": ReferenceSource(file=Path("/of/someone/r.json"))})
    assert make_manifest(of_file, fitted())["references"] == {"rows": {"file": "r.json"}}


def test_versions_are_those_in_use() -> None:
    versions = make_manifest(STUDY, fitted())["versions"]
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == np.__version__
    assert versions["cmdstanpy"] == version("cmdstanpy")


def test_manifest_does_not_depend_on_the_store() -> None:
    fresh = [
        FittedRun(run=item.run, fit=item.fit, program=item.program, key=item.key, from_store=False)
        for item in fitted()
    ]
    assert make_manifest(STUDY, fresh) == make_manifest(STUDY, fitted())


def test_nothing_names_the_machines_owner() -> None:
    text = json.dumps({**make_manifest(STUDY, fitted()), "versions": {}})
    assert str(Path.home()) not in text
    assert platform.node() not in text
    assert f'"{getpass.getuser()}"' not in text
    assert make_manifest(STUDY, fitted())["machine"].keys() == {"system", "architecture", "n_cpus"}


def test_manifest_is_json_that_reads_back(tmp_path: Path) -> None:
    manifest = make_manifest(STUDY, fitted())
    write_manifest(manifest, tmp_path / "manifest.json")
    text = (tmp_path / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text) == manifest
    assert "Größe" in text
    assert text.endswith("}\n")


def test_unwritable_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    with pytest.raises(ResultsError, match=r"m\.json'"):
        write_manifest({}, tmp_path / "results" / "m.json")


@pytest.mark.parametrize(
    ("file", "shown"),
    [("studies/a.toml", "studies/a.toml"), ("/anywhere/of/mine/a.toml", "a.toml")],
)
def test_the_file_of_a_study_is_named_but_not_where_all_files_are(file: str, shown: str) -> None:
    manifest = make_manifest(replace(STUDY, file=Path(file)), fitted())
    assert (manifest["study"]["made_by"], manifest["study"]["file"]) == ("run", shown)
    assert "anywhere" not in str(manifest)

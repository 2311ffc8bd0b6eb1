"""The command line on a study: its events, its silence, its failed rows."""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import main
from tests.cases import DATA, PROJECT

pytestmark = pytest.mark.usefixtures("undrawn")

GAUSSIAN = f"""
name = "tiny"
title = "A tiny study"
seed = 1

[[datasets]]
name = "pairs"
file = "pairs.csv"

[[programs]]
name = "gaussian"
file = "{DATA / "programs" / "gaussian.stan"}"
contract = {{ rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "weight" }}
data = {{ prior_sd = 2.0, rho = 0.0 }}
parameters = ["theta"]

[[cross]]
datasets = ["pairs"]
programs = ["gaussian"]
method = "laplace"
variant = "default"
replicates = 3
options = {{ n_draws = 50 }}
"""


@pytest.fixture
def study(tmp_path: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study that is fitted in moments."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    (tmp_path / "pairs.csv").write_text("a,b\n0.1,0.2\n-0.3,0.4\n0.5,-0.6\n")
    (tmp_path / "study.toml").write_text(GAUSSIAN)
    return tmp_path / "study.toml"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def run(study: Path, *options: str) -> int:
    folder = study.parent
    places = ["--results", str(folder / "results"), "--store", str(folder / "store")]
    return main(["run", str(study), *places, *options])


def events(lines: str) -> list[dict[str, Any]]:
    """Lines of JSON, each of which the published schema must allow."""
    schema = json.loads((PROJECT / "docs" / "events.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    found = [json.loads(line) for line in lines.splitlines()]
    for event in found:
        validator.validate(event)
    return found


def test_error_is_an_event_too(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study, '"laplace"', '"laplaze"')
    assert run(study, "--json") == 2
    out, err = capsys.readouterr()
    (event,) = events(out)
    assert event["event"] == "error"
    assert f"harness: {event['message']}\n" == err


def test_pipe_that_is_closed_ends_in_silence(study: Path) -> None:
    edit(study, '"laplace"', '"laplaze"')
    command = [sys.executable, "-m", "harness.cli", "run", str(study), "--json"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_events_of_a_study_then_silence(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(study, "--json", "--jobs", "2") == 0
    out, err = capfd.readouterr()
    assert err == ""
    kinds = Counter(event["event"] for event in events(out))
    del kinds["compiling"]  # as many as the compiler takes time for
    assert kinds == {
        "study_started": 1,
        "run_started": 3,
        "run_finished": 3,
        "run_measured": 3,
        "summary": 1,
    }
    assert run(study, "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    log = (study.parent / "results" / "tiny" / "run.log").read_text()
    assert log.count("started: pairs / gaussian / laplace default") == 3
    assert log.count(": stored") == 3
    store = str(study.parent / "store")
    assert main(["store", "gc", "--store", store, "--keep", str(study)]) == 0
    assert "removed 0 fits" in capfd.readouterr().out
    edit(study, "replicates = 3", "replicates = 1")
    assert main(["store", "gc", "--store", store, "--keep", str(study)]) == 0
    assert "removed 2 fits" in capfd.readouterr().out


@pytest.mark.slow
def test_time_limit_makes_failed_rows(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(study, "--time-limit", "1e-3", "--quiet") == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("time limit") == 3
    with (study.parent / "results" / "tiny" / "fits.csv").open(newline="") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    assert ["0.001 s" in reason for reason in reasons] == [True] * 3
    assert run(study, "--quiet") == 0  # tried again without being asked
    assert capfd.readouterr() == ("", "")

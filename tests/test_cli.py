"""The command line: bad input ends in one clear line and exit code 2."""

from collections import Counter
from pathlib import Path

import pytest

from harness.cli import main
from harness.events import EVENTS, Failed
from tests.cases import DATA

STUDY = """
name = "tiny"
title = "A tiny study"
seed = 1

[[datasets]]
name = "pairs"
file = "pairs.csv"

[[programs]]
name = "line"
file = "line.stan"
contract = { rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "w" }
parameters = ["mu"]

[[cross]]
datasets = ["pairs"]
programs = ["line"]
method = "subsample_advi"
variant = "weighted"
options = { m = 3 }
"""

PROGRAM = """
data {
  int<lower=0> N;
  matrix[N, 2] y;
  real<lower=0> w;
}
parameters {
  vector[2] mu;
}
model {
  for (n in 1 : N) {
    target += w * normal_lpdf(y[n] | mu, 1);
  }
}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "line.stan").write_text(PROGRAM)
    (tmp_path / "pairs.csv").write_text("a,b\n0.1,0.2\n-0.3,0.4\n0.5,-0.6\n")
    return tmp_path / "study.toml"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def run(study: Path, *options: str) -> int:
    folder = study.parent
    places = ["--results", str(folder / "results"), "--store", str(folder / "store")]
    return main(["run", str(study), *places, *options])


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said, which must be one line on standard error."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("study.toml", "seed = 1", "sed = 1", "unknown key 'sed'; did you mean 'seed'?"),
        ("study.toml", "m = 3", "mm = 3", "no option 'mm'; did you mean 'm'?"),
        ("study.toml", "m = 3", "m = 4", "m = 4 rows of data set 'pairs', which has N = 3"),
        ("study.toml", "m = 3", "m = -1", "'m'"),
        ("study.toml", '"subsample_advi"', '"subsample_advy"', "did you mean 'subsample_advi'?"),
        ("study.toml", "pairs.csv", "pears.csv", "pears.csv' does not exist"),
        ("study.toml", "n_columns = 2", "n_columns = 3", "has shape (3, 2)"),
        ("study.toml", 'name = "tiny"', 'name = "../tiny"', "'name'"),
        ("study.toml", 'title = "A tiny study"', 'title = "A tiny', "is not TOML"),
        ("pairs.csv", "0.4", "nan", "NaN or infinite values, the first is row 2"),
        ("pairs.csv", "0.4", "inf", "NaN or infinite values, the first is row 2"),
        ("pairs.csv", "0.4", "0.4,7", "pairs.csv"),
    ],
)
def test_slips_in_files(
    study: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, said: str
) -> None:
    edit(study.parent / file, old, new)
    assert run(study) == 2
    assert said in complaint(capsys)
    assert not (study.parent / "results").exists()


def test_missing_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / "nowhere.toml")]) == 2
    assert "nowhere.toml' does not exist" in complaint(capsys)


@pytest.mark.parametrize("option", ["--results", "--store"])
def test_folders_that_cannot_be_written(
    study: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    in_the_way = study.parent / "file"
    in_the_way.write_text("not a folder")
    assert run(study, option, str(in_the_way / "below")) == 2
    said = complaint(capsys)
    assert "cannot be written" in said
    assert option in said


def test_report_without_results(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(study), "--results", str(study.parent / "none")]) == 2
    assert "run the study first" in complaint(capsys)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("matrix[N, 2] y;", "matrix[N, 2] y", "line.stan', line 5"),
        ("normal_lpdf(y[n] | mu, 1)", "normal_lpdf(y[n] | nu, 1)", 'Identifier "nu" not in scope'),
        ("real<lower=0> w;", "", "declares the data N, y, but the study gives N, w, y"),
    ],
)
def test_programs_that_do_not_compile(
    study: Path,
    capsys: pytest.CaptureFixture[str],
    cmdstan_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    said: str,
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    edit(study.parent / "line.stan", old, new)
    if not new:
        edit(study.parent / "line.stan", "w * ", "")
    assert run(study) == 2
    assert said in complaint(capsys)


@pytest.mark.parametrize("words", [[], ["run"], ["frobnicate"], ["cmdstan", "frobnicate"]])
def test_unknown_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage: harness" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--jobs", "0"], "'0' is not a whole number above 0"),
        (["--jobs", "two"], "'two' is not a whole number above 0"),
        (["--time-limit", "-1"], "'-1' is not a number above 0"),
        (["--time-limit", "inf"], "'inf' is not a number above 0"),
        (["--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], "not allowed with argument"),
        (["--quiet", "--json"], "not allowed with argument"),
    ],
)
def test_options_that_cannot_be(
    study: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(study, *options)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_error_is_an_event_too(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study, "m = 3", "m = 4")
    assert run(study, "--json") == 2
    out, err = capsys.readouterr()
    event = EVENTS.validate_json(out)
    assert isinstance(event, Failed)
    assert f"harness: {event.message}\n" == err


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
def gaussian_study(study: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study that is fitted in moments."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    study.write_text(GAUSSIAN)
    return study


def test_events_of_a_study_then_silence(
    gaussian_study: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(gaussian_study, "--json", "--jobs", "2") == 0
    out, err = capfd.readouterr()
    assert err == ""
    events = [EVENTS.validate_json(line) for line in out.splitlines()]
    kinds = Counter(event.event for event in events)
    assert kinds == {"study_started": 1, "run_started": 3, "run_finished": 3, "summary": 1}
    assert run(gaussian_study, "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    log = (gaussian_study.parent / "results" / "tiny" / "run.log").read_text()
    assert log.count("started: pairs / gaussian / laplace default") == 3
    assert log.count(": stored") == 3
    store = str(gaussian_study.parent / "store")
    assert main(["store", "gc", "--store", store, "--keep", str(gaussian_study)]) == 0
    assert "removed 0 fits" in capfd.readouterr().out
    edit(gaussian_study, "replicates = 3", "replicates = 1")
    assert main(["store", "gc", "--store", store, "--keep", str(gaussian_study)]) == 0
    assert "removed 2 fits" in capfd.readouterr().out


def test_time_limit_makes_failed_rows(
    gaussian_study: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(gaussian_study, "--time-limit", "1e-3", "--quiet") == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("the time limit") == 3
    fits = (gaussian_study.parent / "results" / "tiny" / "fits.csv").read_text()
    assert fits.count("stopped after 0.001 s, the time limit") == 3
    assert run(gaussian_study, "--quiet") == 0  # tried again without being asked
    assert capfd.readouterr() == ("", "")

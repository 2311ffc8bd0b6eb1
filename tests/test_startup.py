"""What answers at once imports nothing that is slow to import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import harness

PROJECT = Path(__file__).parent.parent
STUDY = PROJECT / "tests" / "data" / "studies" / "ar1.toml"

#: Libraries that take a tenth of a second or more to import.
SLOW = {
    *("arviz", "arviz_base", "arviz_plots", "arviz_stats", "cmdstanpy", "distributed"),
    *("h5netcdf", "matplotlib", "pandas", "scipy", "sklearn", "xarray"),
}

#: Runs the command line, and prints the libraries of which anything but the name is loaded: one
#: that is to be loaded when it is used stands in `sys.modules`, but none of its submodules.
SCRIPT = """
import json, sys
from harness.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
loaded = sorted({name.partition(".")[0] for name in sys.modules if "." in name})
print(json.dumps({"code": code or 0, "loaded": loaded}), file=sys.stderr)
"""


def slow_libraries(*arguments: str, exit_code: int) -> set[str]:
    """The slow libraries that a command imports, which has to end with a code."""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    told = json.loads(answer.stderr.splitlines()[-1])
    assert told["code"] == exit_code, answer.stderr
    return SLOW & set(told["loaded"])


@pytest.mark.parametrize(
    "command",
    ["--help", "--version", "run --help", "compare --help", "store --help", "list", "list methods"],
)
def test_what_needs_no_data_imports_nothing_slow(command: str) -> None:
    assert slow_libraries(*command.split(), exit_code=0) == set()


@pytest.mark.parametrize("command", ["", "bogus", "run", "run x.toml --jobs 0"])
def test_refused_arguments_import_nothing_slow(command: str) -> None:
    assert slow_libraries(*command.split(), exit_code=2) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),  # no file
        ("seed", "sead"),
        ('"laplace"', '"laplac"'),
        ("adapt_delta", "adapt_delt"),
        ("adapt_delta = 0.95", "adapt_delta = 2.0"),
        ("ar1.json", "nosuch.json"),
    ],
)
def test_a_refused_study_imports_nothing_slow(tmp_path: Path, old: str, new: str) -> None:
    study = tmp_path / "study.toml"
    if old:
        text = STUDY.read_text(encoding="utf-8")
        assert old in text
        models = f"{PROJECT / 'tests' / 'data' / 'models'}"
        study.write_text(text.replace("../models", models).replace(old, new), encoding="utf-8")
    assert slow_libraries("run", str(study), exit_code=2) == set()


def test_a_comparison_without_its_program_imports_nothing_slow(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text("{}")
    assert slow_libraries("compare", f"{tmp_path / 'no.stan'}", str(data), exit_code=2) == set()


def test_the_probe_sees_what_is_imported() -> None:
    script = f"import pandas\n{SCRIPT}"
    answer = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    )
    assert "pandas" in json.loads(answer.stderr.splitlines()[-1])["loaded"]


def test_a_worker_imports_no_statistics() -> None:
    script = "import sys, harness.execution.worker_process; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in answer.stdout.split() if "." in name}
    assert not {"arviz_stats", "matplotlib", "scipy", "sklearn"} & packages


def test_the_names_that_the_package_offers_are_there() -> None:
    for name in dir(harness):
        assert getattr(harness, name).__name__ == name

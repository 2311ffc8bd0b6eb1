"""What answers at once imports nothing that is slow to import."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

#: Runs command lines one after another, and prints after each the libraries of which anything but
#: the name is loaded: one that is to be loaded when it is used stands in `sys.modules`, but none of
#: its submodules.
SCRIPT = """
import json, sys
from harness.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    loaded = sorted({name.partition(".")[0] for name in sys.modules if "." in name})
    print("\\n" + json.dumps({"code": code or 0, "loaded": loaded}), file=sys.stderr)
"""

#: What is changed of a study that is otherwise right; its file is missing where nothing is.
REFUSED = {
    "no file": None,
    "key": ("seed", "sead"),
    "method": ('"laplace"', '"laplac"'),
    "option": ("adapt_delta", "adapt_delt"),
    "value": ("adapt_delta = 0.95", "adapt_delta = 2.0"),
    "data file": ("ar1.json", "nosuch.json"),
}
ANSWERED = (
    "--help",
    "--version",
    "run --help",
    "compare --help",
    "store --help",
    "list",
    "list methods",
)
WRONG = ("", "bogus", "run", "run x.toml --jobs 0")
NO_PROGRAM = "a comparison without its program"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and the libraries that were loaded by then."""

    code: int
    loaded: set[str]


def ended(commands: Sequence[Sequence[str]], *, before: str = "") -> list[Ended]:
    """Run commands in one process, whose start takes longest: what one loads, later ones have."""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", before + SCRIPT, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    told = [json.loads(line) for line in answer.stderr.splitlines() if line.startswith('{"code"')]
    assert len(told) == len(commands), answer.stderr
    return [Ended(code=item["code"], loaded=set(item["loaded"])) for item in told]


def refused_study(folder: Path, name: str, change: tuple[str, str] | None) -> Path:
    """Write a study with a change, or none."""
    study = folder / f"{name}.toml"
    if change is not None:
        old, new = change
        text = STUDY.read_text(encoding="utf-8")
        assert old in text
        models = f"{PROJECT / 'tests' / 'data' / 'models'}"
        study.write_text(text.replace("../models", models).replace(old, new), encoding="utf-8")
    return study


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended]:
    """How each command ended, by its words or by what is wrong with its study."""
    folder = tmp_path_factory.mktemp("startup")
    data = folder / "data.json"
    data.write_text("{}")
    commands = {command: command.split() for command in (*ANSWERED, *WRONG)}
    commands |= {
        name: ["run", str(refused_study(folder, name, change))] for name, change in REFUSED.items()
    }
    commands[NO_PROGRAM] = ["compare", str(folder / "no.stan"), str(data)]
    return dict(zip(commands, ended(list(commands.values())), strict=True))


@pytest.mark.parametrize("command", ANSWERED)
def test_what_needs_no_data_imports_nothing_slow(ends: Mapping[str, Ended], command: str) -> None:
    assert ends[command].code == 0
    assert not SLOW & ends[command].loaded


@pytest.mark.parametrize("command", [*WRONG, *REFUSED, NO_PROGRAM])
def test_what_is_refused_imports_nothing_slow(ends: Mapping[str, Ended], command: str) -> None:
    assert ends[command].code == 2
    assert not SLOW & ends[command].loaded


def test_the_probe_sees_what_is_imported() -> None:
    (help_,) = ended([["--help"]], before="import pandas\n")
    assert "pandas" in help_.loaded


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

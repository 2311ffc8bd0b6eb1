"""The home's command line against what CmdStan itself printed and wrote, to the character."""

import json
import re
import shutil
from pathlib import Path
from typing import TypedDict

import pytest

from tests.stan_executable import REFERENCE, Answer, reference_executable, run_stan

EXPECTED = REFERENCE / "expected"


class Case(TypedDict):
    name: str
    args: list[str]
    exit_code: int
    files: list[str]


CASES: list[Case] = json.loads((REFERENCE / "cases.json").read_text())

# What the reference's README names as different from run to run, and nothing else.
VARYING = (
    (r"(?m)^(# stancflags = ).*$", r"\1"),
    (r'("stancflags" : ).*', r"\1"),
    (r'(start_datetime(?: = |" : "))[-0-9]+ [0-9:]+ UTC', r"\1"),
    (r"(seed = )\d+ \(Default\)", r"\1(Default)"),
    # Elapsed times, and the two lines on the time of one gradient.
    (r"[-+.e\d]+( seconds)", r"\1"),
)
ELBO_TIME = (r"(?m)^(\d+),[-+.e\d]+,", r"\1,,")


def invariant(text: str, *, name: str) -> str:
    """Blank what varies between runs of the same case."""
    rules = (*VARYING, ELBO_TIME) if name.endswith(".elbo.csv") else VARYING
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text


def lines_of(text: str, *, case: Case) -> list[str]:
    """Return the lines; of two chains, which interleave as they like, in a fixed order."""
    lines = invariant(text, name="stdout").split("\n")
    return sorted(lines) if "num_chains=2" in case["args"] else lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    (folder / "expected").mkdir()
    for path in REFERENCE.glob("*.json"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def answers(
    cmdstan_home: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Answer]:
    """Run all cases in their order, for later ones read what earlier ones wrote."""
    executable = reference_executable(cmdstan_home, tmp_path_factory)
    return {case["name"]: run_stan(executable, folder, *case["args"]) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_matches_cmdstan(case: Case, answers: dict[str, Answer], folder: Path) -> None:
    answer = answers[case["name"]]
    stdout = (EXPECTED / f"{case['name']}.stdout").read_text()
    stderr = (EXPECTED / f"{case['name']}.stderr").read_text()
    assert answer.exit_code == case["exit_code"]
    assert answer.stderr == stderr
    assert lines_of(answer.stdout, case=case) == lines_of(stdout, case=case)
    for name in case["files"]:
        written = (folder / "expected" / name).read_text()
        assert invariant(written, name=name) == invariant((EXPECTED / name).read_text(), name=name)


def test_writes_no_other_files(answers: dict[str, Answer], folder: Path) -> None:
    assert answers
    declared = {name for case in CASES for name in case["files"]}
    assert {path.name for path in (folder / "expected").iterdir()} == declared

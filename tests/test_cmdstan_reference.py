"""The home's command line against what CmdStan itself printed and wrote, to the character."""

import json
import re
import shutil
from dataclasses import dataclass
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
# The cases come from a program with threads; these two show it.
THREADLESS = [case for case in CASES if case["name"] not in {"sample_chains", "info"}]

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


@dataclass(frozen=True)
class Ran:
    """What the cases gave, and the folder in which they ran."""

    answers: dict[str, Answer]
    folder: Path


def run_cases(executable: Path, folder: Path, cases: list[Case]) -> Ran:
    """Run cases in their order, for later ones read what earlier ones wrote."""
    (folder / "expected").mkdir()
    for path in REFERENCE.glob("*.json"):
        shutil.copy(path, folder)
    answers = {case["name"]: run_stan(executable, folder, *case["args"]) for case in cases}
    return Ran(answers=answers, folder=folder)


def check(case: Case, ran: Ran) -> None:
    answer = ran.answers[case["name"]]
    stdout = (EXPECTED / f"{case['name']}.stdout").read_text()
    stderr = (EXPECTED / f"{case['name']}.stderr").read_text()
    assert answer.exit_code == case["exit_code"]
    assert answer.stderr == stderr
    assert lines_of(answer.stdout, case=case) == lines_of(stdout, case=case)
    for name in case["files"]:
        written = (ran.folder / "expected" / name).read_text()
        assert invariant(written, name=name) == invariant((EXPECTED / name).read_text(), name=name)


def check_files(ran: Ran) -> None:
    declared = {name for case in CASES if case["name"] in ran.answers for name in case["files"]}
    assert {path.name for path in (ran.folder / "expected").iterdir()} == declared


@pytest.fixture(scope="module")
def executable(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reference_executable(cmdstan_home, tmp_path_factory)


@pytest.fixture(scope="module")
def ran(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_cases(executable, tmp_path_factory.mktemp("reference"), THREADLESS)


@pytest.fixture(scope="module")
def ran_with_threads(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    executable = reference_executable(cmdstan_home, tmp_path_factory, threads=True)
    return run_cases(executable, tmp_path_factory.mktemp("reference"), CASES)


@pytest.mark.parametrize("case", THREADLESS, ids=[case["name"] for case in THREADLESS])
def test_matches_cmdstan(case: Case, ran: Ran) -> None:
    check(case, ran)


def test_writes_no_other_files(ran: Ran) -> None:
    check_files(ran)


# Slow: the home keeps no objects with threads, so that they are compiled first.
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_matches_cmdstan_with_threads(case: Case, ran_with_threads: Ran) -> None:
    check(case, ran_with_threads)


@pytest.mark.slow
def test_writes_no_other_files_with_threads(ran_with_threads: Ran) -> None:
    check_files(ran_with_threads)


def test_info_says_that_threads_are_off(executable: Path, tmp_path: Path) -> None:
    told = (EXPECTED / "info.stdout").read_text()
    wanted = told.replace("STAN_THREADS=true", "STAN_THREADS=false")
    assert run_stan(executable, tmp_path, "info").stdout == wanted != told


def draws(path: Path) -> list[str]:
    """Return the lines of a CSV file that are no comments: the header and the draws."""
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("processes", [False, True])
def test_chains_without_threads_draw_what_chains_with_threads_drew(
    executable: Path, tmp_path: Path, *, processes: bool
) -> None:
    """Chains one after the other, or a process each, against two threads of one process."""
    case = next(case for case in CASES if case["name"] == "sample_chains")
    shutil.copy(REFERENCE / "shift.data.json", tmp_path)
    (tmp_path / "expected").mkdir()
    words = [word for word in case["args"] if word != "num_threads=2"]
    if not processes:
        assert run_stan(executable, tmp_path, *words).exit_code == 0
    for chain in (1, 2):
        name = f"expected/chains_{chain}.csv"
        if processes:
            alone = {"num_chains=2": "num_chains=1", "file=expected/chains.csv": f"file={name}"}
            mine = [alone.get(word, word) for word in words]
            assert run_stan(executable, tmp_path, f"id={chain}", *mine).exit_code == 0
        assert draws(tmp_path / name) == draws(EXPECTED / f"chains_{chain}.csv")

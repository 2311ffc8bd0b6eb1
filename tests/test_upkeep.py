"""Looking after a store: what is listed, found damaged, swept and removed."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.errors import StoreError
from harness.methods.laplace import Laplace
from harness.store import Failure, Store, about_run, cmdstan_failure
from harness.store.upkeep import collect_garbage, damaged_entries, list_entries, size_text
from harness.study.study import Run
from tests.cases import known_fit
from tests.processes import PROJECT

KEYS = tuple(digit * 64 for digit in "abc")
RUN = Run(dataset="d", program="p", method=Laplace(), variant="v", replicate=2, seed=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three fits, one older than the record of what it is, and a failure."""
    store = Store(folder=tmp_path / "store")
    fit = known_fit({"mu": np.zeros((1, 4, 2))})
    for key in KEYS[:2]:
        store.save(key, fit, about_run(RUN, stan_version="2.39.0"))
    store.save(KEYS[2], fit)
    store.remember("d" * 64, Failure(reason="it broke", lasting=True), label=RUN.label)
    return store


def command(store: Store, *words: str) -> int:
    return main(["store", words[0], "--store", str(store.folder), *words[1:]])


def damage(store: Store, key: str) -> None:
    file = store.entry(key) / "draws.nc"
    file.write_bytes(file.read_bytes()[:-1])


def test_list_names_runs_dates_and_sizes(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = list_entries(store)
    assert first.about.run == second.about.run == RUN.label
    assert first.about.versions["stan"] == "2.39.0"
    assert third.about.run == "(unknown run)"
    assert third.about.created != ""
    assert command(store, "ls") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert sum(RUN.label in line for line in lines) == 2
    assert last.startswith("3 fits, ")
    assert last.endswith("; 1 stored failure")


def test_verify_finds_damage(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(store, "verify") == 0
    damage(store, KEYS[1])
    (store.entry(KEYS[2]) / "fit.json").unlink()
    assert [entry.key for entry in damaged_entries(store)] == list(KEYS[1:])
    assert command(store, "verify") == 2
    assert "2 fits" in capsys.readouterr().out


def test_draws_that_are_damaged_after_they_were_found_are_told(store: Store) -> None:
    fit = store.load(KEYS[0])
    assert fit is not None
    damage(store, KEYS[0])
    with pytest.raises(StoreError, match="damaged"):
        fit.read_draws()


def test_gc_keeps_every_fit_unless_studies_are_named(store: Store) -> None:
    assert command(store, "gc") == 0
    assert len(list(store.all_keys())) == 3
    assert len(store.failed_keys()) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_gc_removes_what_no_study_uses(store: Store, dry_run: bool) -> None:  # noqa: FBT001
    removal = collect_garbage(store, {KEYS[1]}, dry_run=dry_run)
    assert [entry.key for entry in removal.entries] == [KEYS[0], KEYS[2]]
    assert removal.n_failures == 1
    assert len(list(store.all_keys())) == (3 if dry_run else 1)
    assert len(store.failed_keys()) == (1 if dry_run else 0)


def test_missing_store_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("ls", "gc", "verify"):
        assert command(Store(folder=tmp_path / "none"), word) == 2
        assert str(tmp_path / "none") in capsys.readouterr().err


HOLDS_A_BENCH = """
import sys, os
from pathlib import Path
from harness.store import Store
store = Store(folder=Path(sys.argv[1]))
claim = store.claim("e" * 64)
with store.workshop.bench() as bench:
    (bench / "half").write_text("half")
    print("ready", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
"""


def test_leftovers_of_the_dead_are_swept_and_never_of_the_living(store: Store) -> None:
    living, dead = (
        subprocess.Popen(
            [sys.executable, "-c", HOLDS_A_BENCH, str(folder)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder in (store.folder, store.folder)
    )
    for process in (living, dead):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    dead.communicate("die\n")
    assert store.sweep() >= 1
    assert [file.name for file in store.workshop.folder.rglob("half")] == ["half"]
    living.communicate("die\n")
    assert store.sweep() >= 1
    assert list(store.workshop.folder.iterdir()) == []
    assert list(store.claims_folder.iterdir()) == []


def test_claim_is_one_processs_at_a_time(store: Store) -> None:
    claim = store.claim(KEYS[0])
    assert claim is not None
    assert store.claim(KEYS[0]) is None
    assert store.sweep() == 0
    claim.release()
    again = store.claim(KEYS[0])
    assert again is not None
    again.release()


@pytest.mark.parametrize(
    ("reason", "lasting"),
    [
        ("CmdStan ended with code 1: Rejecting initial value: log(0)", True),
        ("all 3 attempts failed: dropped evaluations", True),
        ("CmdStan ended with code -9: CmdStan did not say why", False),
        ("CmdStan ended with code -9 (SIGKILL): CmdStan did not say why", False),
        ("CmdStan ended with code -11 (SIGSEGV): CmdStan did not say why", True),
        ("Error during sampling: std::bad_alloc", False),
        ("write failed: No space left on device", False),
    ],
)
def test_failures_of_the_machine_do_not_last(reason: str, *, lasting: bool) -> None:
    assert cmdstan_failure(reason).lasting is lasting


def test_remembered_failure_comes_back(store: Store) -> None:
    failure = Failure(reason="it broke", lasting=True)
    assert store.failure("d" * 64) == failure
    (store.failures_folder / ("d" * 64 + ".json")).write_text("{")
    assert store.failure("d" * 64) is None
    assert dataclasses.replace(failure, lasting=False) != failure


def test_sizes_are_short() -> None:
    assert [size_text(n) for n in (0, 999, 1234, 5_000_000)] == ["0 B", "999 B", "1.23 kB", "5 MB"]

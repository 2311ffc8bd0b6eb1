"""Nothing is lost and nothing runs twice: killed drivers, shared stores, full disks."""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.data import dataset as datasets
from harness.execution import run as runner
from harness.execution.pool import LocalPool
from harness.execution.run import Observer, study_keys
from harness.store import Store, folder
from harness.study.study import Run
from tests.cases import gaussian_program, pretend_compiled
from tests.processes import is_running, kill, start, wait_until
from tests.short_runs import (
    FAILS_EVERY,
    TRACE,
    begun,
    pids,
    short_study,
    tables,
    undisturbed_tables,
    write_short_tables,
)

Tables = dict[str, bytes]

LASTS_S = 0.05
N_STORED = 50


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Tables]:
    """The tables of a study of so many runs that nothing disturbs."""

    @cache
    def written(n_runs: int) -> Tables:
        return undisturbed_tables(n_runs, tmp_path_factory.mktemp("undisturbed"))

    return written


def settled_keys(store: Store) -> set[str]:
    return {*store.all_keys(), *store.failed_keys()}


def seeds_of_keys(n_runs: int) -> dict[str, int]:
    """The seed of each key of the study of so many runs."""
    study = short_study(n_runs, lasts_s=LASTS_S)
    digest = pretend_compiled(gaussian_program(rho=0.0)).digest
    keys = study_keys(study, {"gaussian": digest})
    return {key: run.seed for key, run in zip(keys, study.runs, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_runs", "n_kills"), [(30, 2), pytest.param(200, 10, marks=pytest.mark.exhaustive)]
)
def test_killed_again_and_again_ends_as_undisturbed(
    tmp_path: Path, undisturbed: Callable[[int], Tables], n_runs: int, n_kills: int
) -> None:
    store, trace = Store(folder=tmp_path / "store"), tmp_path / "trace"
    chance = random.Random(11)  # noqa: S311 - moments, no secrets
    arguments = (
        *("tests.short_runs_main", tmp_path),
        *("--lasts", str(LASTS_S), "--n-runs", str(n_runs)),
    )
    seeds = seeds_of_keys(n_runs)
    finished: list[tuple[set[int], int]] = []  # at each kill: seeds, and how many fits had begun
    for n_before in sorted(chance.sample(range(n_runs - 1), n_kills)):
        process = start(*arguments, **{TRACE: str(trace)})
        wait_until(lambda n=n_before: len(settled_keys(store)) >= n)  # type: ignore[misc]
        time.sleep(chance.uniform(0, LASTS_S))
        assert process.poll() is None
        kill(process)
        wait_until(lambda: not any(map(is_running, pids(trace))))
        finished.append(({seeds[key] for key in settled_keys(store)}, len(begun(trace))))
    last = start(*arguments, **{TRACE: str(trace)})
    output, _ = last.communicate(timeout=120)
    assert last.returncode == 0, output
    assert tables(tmp_path) == undisturbed(n_runs)
    assert len(finished) == n_kills
    for at_kill, n_begun in finished:
        assert at_kill.isdisjoint(begun(trace)[n_begun:])  # nothing that was finished began again
    assert set(begun(trace)) == set(seeds.values())
    assert len(begun(trace)) <= n_runs + 2 * n_kills  # each kill costs what was under way
    assert len(list(store.all_keys())) == n_runs - n_runs // FAILS_EVERY
    assert len(store.failed_keys()) == n_runs // FAILS_EVERY
    assert not list((store.folder / ".work").iterdir())


class AtPlan(Observer):
    """Takes note of what was counted when the runs were planned."""

    def __init__(self, counted: Counter[str]) -> None:
        self.counted = counted
        self.at_plan: dict[str, int] = {}
        self.n_to_fit = -1

    def planned(self, to_fit: Sequence[Run]) -> None:
        """Copy the counts."""
        self.at_plan = dict(self.counted)
        self.n_to_fit = len(to_fit)


@pytest.mark.slow
def test_planning_looks_for_each_run_once_and_reads_no_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a study of many stored runs starts at once."""
    undisturbed_tables(N_STORED, tmp_path)
    counted: Counter[str] = Counter()

    def count(where: Any, name: str) -> None:
        real = getattr(where, name)

        def counting(*arguments: Any, **keywords: Any) -> Any:
            counted[name] += 1
            return real(*arguments, **keywords)

        monkeypatch.setattr(where, name, counting)

    count(Store, "has")
    count(Store, "failed_keys")
    count(Store, "failure")
    count(folder, "read_content")
    count(runner, "fit_key")
    study = short_study(N_STORED, lasts_s=0.0)
    count(datasets, "chunks_of")  # once for each time that the rows are hashed
    observer = AtPlan(counted)
    with LocalPool() as pool:
        write_short_tables(
            study,
            tmp_path,
            Store(folder=tmp_path / "store"),
            program=pretend_compiled(gaussian_program(rho=0.0)),
            pool=pool,
            observer=observer,
        )
    n_failed = N_STORED // FAILS_EVERY
    assert observer.n_to_fit == 0
    assert observer.at_plan == {
        "fit_key": N_STORED,
        "has": N_STORED - n_failed,
        "failed_keys": 1,
        "chunks_of": 1,
    }
    assert counted["failure"] == n_failed


@pytest.mark.slow
def test_two_processes_share_a_store(tmp_path: Path, undisturbed: Callable[[int], Tables]) -> None:
    trace = tmp_path / "trace"
    both = [
        start(
            *("tests.short_runs_main", tmp_path / name, "--store", tmp_path / "store"),
            *("--jobs", "1", "--n-runs", "40"),
            **{TRACE: str(trace)},
        )
        for name in ("a", "b")
    ]
    for process in both:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    assert tables(tmp_path / "a") == tables(tmp_path / "b") == undisturbed(40)
    assert len(begun(trace)) == len(set(begun(trace))) == 40
    assert len(pids(trace)) == 2


@pytest.mark.slow
def test_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    process = start(
        *("tests.short_runs_main", tmp_path, "--lasts", "60", "--n-runs", "3"),
        **{TRACE: str(trace)},
    )
    wait_until(lambda: len(begun(trace)) == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    wait_until(lambda: not any(map(is_running, pids(trace))), within_s=5)


def assert_store_error(process: subprocess.Popen[str], said: str) -> None:
    """The process must have ended with one line about its store."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert output.startswith("StoreError: ")
    assert f"({said})" in output
    assert output.count("\n") == 1


@pytest.mark.slow
def test_file_that_cannot_grow_ends_in_one_line_and_loses_nothing(
    tmp_path: Path, undisturbed: Callable[[int], Tables]
) -> None:
    arguments = ("tests.short_runs_main", tmp_path, "--n-runs", "40")
    trace = {TRACE: str(tmp_path / "trace")}
    assert_store_error(start(*arguments, "--largest-file", "8000", **trace), "File too large")
    store = Store(folder=tmp_path / "store")
    assert list(store.all_keys()) == []
    assert not list((store.folder / ".work").iterdir())
    again = start(*arguments, **trace)
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    assert tables(tmp_path) == undisturbed(40)


@pytest.mark.slow
def test_full_disk_ends_in_one_line_and_keeps_what_fits(small_disk: Path, tmp_path: Path) -> None:
    store = Store(folder=small_disk / "store")
    process = start(
        *("tests.short_runs_main", tmp_path, "--store", store.folder),
        **{TRACE: str(tmp_path / "trace")},
    )
    assert_store_error(process, "No space left on device")
    keys = list(store.all_keys())
    assert len(keys) > 5
    assert all(store.load(key) is not None for key in keys)
    assert not list((store.folder / ".work").iterdir())


@pytest.mark.slow
def test_unwritable_store_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    process = start("tests.short_runs_main", tmp_path, **{TRACE: str(tmp_path / "trace")})
    assert_store_error(process, "File exists")

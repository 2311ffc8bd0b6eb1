"""Nothing is lost and nothing runs twice: killed drivers, shared stores, full disks."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.pools import LocalPool
from harness.store import Store
from tests.cases import gaussian_program, pretend_compiled
from tests.processes import is_running, kill, start, wait_until
from tests.short_runs import FAILS_EVERY, TRACE, short_study, tables, write_short_tables

Tables = dict[str, bytes]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Tables]:
    """The tables of a study of so many runs that nothing disturbs."""

    @cache
    def written(n_runs: int) -> Tables:
        folder = tmp_path_factory.mktemp("undisturbed")
        with pytest.MonkeyPatch.context() as patch, LocalPool(2) as pool:
            patch.setenv(TRACE, str(folder / "trace"))
            write_short_tables(
                short_study(n_runs, lasts_s=0.0),
                folder,
                Store(folder=folder / "store"),
                program=pretend_compiled(gaussian_program(rho=0.0)),
                pool=pool,
            )
        assert len(traced(folder / "trace")) == n_runs
        return tables(folder)

    return written


def traced(trace: Path) -> list[str]:
    """The seeds of the fits that began, in order."""
    return [line.split()[0] for line in trace.read_text().splitlines()] if trace.exists() else []


def pids(trace: Path) -> set[int]:
    return {int(line.split()[1]) for line in trace.read_text().splitlines()}


def n_settled(store: Store) -> int:
    return len(list(store.all_keys())) + len(store.failed_keys())


@pytest.mark.parametrize(
    ("n_runs", "n_kills"), [(30, 2), pytest.param(200, 10, marks=pytest.mark.slow)]
)
def test_killed_again_and_again_ends_as_undisturbed(
    tmp_path: Path, undisturbed: Callable[[int], Tables], n_runs: int, n_kills: int
) -> None:
    store, trace = Store(folder=tmp_path / "store"), tmp_path / "trace"
    chance = random.Random(11)  # noqa: S311 - moments, no secrets
    arguments = ("tests.short_runs_main", tmp_path, "--lasts", "0.05", "--n-runs", str(n_runs))
    settled_and_traced: list[tuple[int, int]] = []
    for turn in range(1, n_kills + 1):
        process = start(*arguments, **{TRACE: str(trace)})
        goal = turn * n_runs // (n_kills + 2)
        wait_until(lambda goal=goal: n_settled(store) >= goal)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.05))
        kill(process)
        wait_until(lambda: not any(map(is_running, pids(trace))))
        settled_and_traced.append((n_settled(store), len(traced(trace))))
    finished = start(*arguments, **{TRACE: str(trace)})
    output, _ = finished.communicate(timeout=120)
    assert finished.returncode == 0, output
    assert tables(tmp_path) == undisturbed(n_runs)
    # each kill loses at most what was under way, two fits; no settled run begins again
    before_settled = before_traced = 0
    for settled, begun in [*settled_and_traced, (n_runs, len(traced(trace)))]:
        assert begun - before_traced <= settled - before_settled + 2
        before_settled, before_traced = settled, begun
    assert len(list(store.all_keys())) == n_runs - n_runs // FAILS_EVERY
    assert len(store.failed_keys()) == n_runs // FAILS_EVERY
    assert not list((store.folder / ".work").iterdir())


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
    assert len(traced(trace)) == len(set(traced(trace))) == 40
    assert len(pids(trace)) == 2


def test_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    process = start(
        *("tests.short_runs_main", tmp_path, "--lasts", "60", "--n-runs", "3"),
        **{TRACE: str(trace)},
    )
    wait_until(lambda: len(traced(trace)) == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    wait_until(lambda: not any(map(is_running, pids(trace))), within_s=5)


def assert_store_error(process: subprocess.Popen[str], said: str) -> None:
    """The process must have ended with one line about its store."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert output.startswith("StoreError: ")
    assert f"cannot be written ({said})" in output
    assert output.count("\n") == 1


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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


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


def test_unwritable_store_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    process = start("tests.short_runs_main", tmp_path, **{TRACE: str(tmp_path / "trace")})
    assert_store_error(process, "File exists")

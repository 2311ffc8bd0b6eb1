"""Runs on a Dask cluster: the same tables, even when a worker is lost."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import SchedulerError
from harness.execution import cluster as scheduler
from harness.execution.cluster import ClusterPool
from harness.store import Store
from tests.processes import is_running, kill, start, wait_until
from tests.short_runs import TRACE, begun, pids, tables, undisturbed_tables

N_RUNS = 200


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in reversed(started):
        kill(process)


def start_scheduler(processes: list[subprocess.Popen[str]]) -> str:
    """Start a scheduler and return its address."""
    process = start(
        *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
        "--no-dashboard",
    )
    processes.append(process)
    for line in process.stdout or ():
        found = re.search(r"tcp://127\.0\.0\.1:\d+", line)
        if found:
            return found.group()
    raise AssertionError("the scheduler did not start")


@pytest.mark.slow
def test_lost_worker_changes_nothing(
    tmp_path: Path, processes: list[subprocess.Popen[str]], cmdstan_home: Path
) -> None:
    address = start_scheduler(processes)
    trace = tmp_path / "trace"
    environment = {TRACE: str(trace), "CMDSTAN": str(cmdstan_home)}
    processes += [
        start(
            *("distributed.cli.dask_worker", address, "--nthreads", "2", "--no-nanny"),
            *("--no-dashboard", "--name", name, "--local-directory", tmp_path / name),
            **environment,
        )
        for name in ("a", "b")
    ]
    driver = start(
        *("tests.short_runs_main", tmp_path, "--scheduler", address),
        *("--n-runs", str(N_RUNS), "--lasts", "0.1"),
        **environment,
    )
    processes.append(driver)
    store = Store(folder=tmp_path / "store")
    wait_until(lambda: len(list(store.all_keys())) >= N_RUNS // 2, within_s=120)
    kill(processes[1])
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 0, output
    assert len(pids(trace)) >= 2
    wait_until(lambda: not any(map(is_running, pids(trace))), within_s=10)
    assert len(set(begun(trace))) == N_RUNS
    assert len(begun(trace)) <= N_RUNS + 4  # what the lost worker had in hand
    undisturbed = undisturbed_tables(N_RUNS, tmp_path / "undisturbed")
    assert without_compile_times(tables(tmp_path)) == without_compile_times(undisturbed)


def without_compile_times(contents: dict[str, bytes]) -> dict[str, list[bytes]]:
    """Tables without the time that the program took to compile, which is the machine's."""
    lines = {name: content.splitlines() for name, content in contents.items()}
    at = lines["fits.csv"][0].split(b",").index(b"compile_time_s")
    before = [b",".join(line.split(b",")[:at]) for line in lines["fits.csv"]]
    after = [b",".join(line.split(b",")[at + 1 :]) for line in lines["fits.csv"]]
    return {**lines, "fits.csv": [*before, *after]}


def test_no_scheduler_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_CONNECT_WITHIN", "1s")
    with pytest.raises(SchedulerError, match=r"'tcp://127") as error:
        ClusterPool("tcp://127.0.0.1:9", time_limit_s=None)
    assert "\n" not in str(error.value)
    capfd.readouterr()

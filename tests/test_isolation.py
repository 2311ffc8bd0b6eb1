"""Fits in other processes: what they give, and that they end when they should."""

import dataclasses
import os
import pickle
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset, make_dataset
from harness.data.npy_file import write_rows
from harness.errors import DatasetError, MethodError
from harness.execution.cores import CoreBudget, cores_of
from harness.execution.isolation import IsolatedFits
from harness.execution.task import Task, perform
from harness.fits.fit import DrawKind, Fit
from harness.methods import METHODS, Method, Problem, RowsUsed
from harness.methods.laplace import Laplace
from harness.methods.nuts import Nuts
from harness.program.program import Program
from harness.store import Failure, FitContent
from harness.store.content import unpack
from harness.study.study import Run
from tests.cases import gaussian_rows, known_fit, pretend_compiled
from tests.processes import is_running, wait_until

#: A process with 50 MB in its memory for a moment.
_HOLDS = "head -c 60000000 /dev/zero | tail -c 50000000 | sleep 0.4"


@dataclass(frozen=True, kw_only=True)
class Ends:
    """A method that starts a process and then ends in some way."""

    name: ClassVar[str] = "ends"
    title: ClassVar[str] = "ends"
    family: ClassVar[str] = "ends"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL
    scores_last: ClassVar[bool] = True

    how: str
    pid_file: str

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept any data set."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:  # noqa: ARG002
        """Leave a child behind and end."""
        if self.how == "well":
            return known_fit({"theta": problem.dataset.rows[None]})
        if self.how == "scores":
            problem.tell_fitted()
            wait_until(Path(self.pid_file).exists)
            return known_fit({"theta": problem.dataset.rows[None]})
        if self.how == "holds":
            subprocess.run(["bash", "-c", _HOLDS], check=True)
            return known_fit({"theta": problem.dataset.rows[None]})
        child = subprocess.Popen(["sleep", "600"])
        Path(self.pid_file).write_text(f"{child.pid} {os.getpid()} {os.environ['TMPDIR']}")
        if self.how == "late":
            time.sleep(600)
        if self.how == "killed":
            os.kill(os.getpid(), 9)
        if self.how == "exits":
            os._exit(3)
        if self.how == "refuses":
            raise MethodError("it cannot work")
        raise ZeroDivisionError("a bug")


@pytest.fixture
def fits() -> Iterator[IsolatedFits]:
    """Processes that end with the test."""
    isolated = IsolatedFits()
    yield isolated
    isolated.close()


def task(how: str, folder: Path) -> Task:
    method = Ends(how=how, pid_file=str(folder / "pids"))
    run = Run(dataset="d", program="p", method=method, variant="v", replicate=1, seed=1)
    return Task(run=run, dataset=gaussian_rows(), program=pretend_compiled(), key="k")


def failure(fits: IsolatedFits, how: str, folder: Path, limit_s: float | None = None) -> Failure:
    """The failure of a task, after which nothing that it started may run."""
    found = fits.perform(task(how, folder), time_limit_s=limit_s)
    assert isinstance(found, Failure)
    child, process, temporary = (folder / "pids").read_text().split()
    wait_until(lambda: not is_running(int(child)) and not is_running(int(process)), within_s=5)
    assert not Path(temporary).exists()
    return found


def test_outcome_is_that_of_the_same_fit_here(fits: IsolatedFits, tmp_path: Path) -> None:
    there, here = fits.perform(task("well", tmp_path)), perform(task("well", tmp_path))
    assert isinstance(there, FitContent)
    assert isinstance(here, FitContent)
    assert there.record == here.record


def test_it_is_told_when_only_scores_are_left(fits: IsolatedFits, tmp_path: Path) -> None:
    """Which end after something that happens when it is told."""
    told: list[bool] = []

    def tell() -> None:
        told.append((tmp_path / "pids").exists())
        (tmp_path / "pids").touch()

    found = fits.perform(task("scores", tmp_path), tell, time_limit_s=30)
    assert isinstance(found, FitContent)
    assert told == [False]
    assert isinstance(fits.perform(task("well", tmp_path), tell), FitContent)
    assert told == [False]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_chains_that_start_from_a_fit_do_not_end_with_its_scores(method: type[Method]) -> None:
    scores_last = getattr(method, "scores_last", False)
    assert not (scores_last and method.draw_kind is DrawKind.CHAINS)


@pytest.mark.slow
def test_rows_in_a_file_stay_there(fits: IsolatedFits, tmp_path: Path) -> None:
    rows = gaussian_rows().rows
    file = write_rows(tmp_path / "rows.npy", [rows], n_rows=len(rows))
    mapped = make_dataset("mapped", file=file.path)
    assert mapped.file == file
    in_file = dataclasses.replace(task("well", tmp_path), dataset=mapped)
    pickled = pickle.dumps(in_file)
    assert len(pickled) < 5000 + len(pickle.dumps(in_file.program))
    arrived = pickle.loads(pickled).dataset  # noqa: S301
    assert isinstance(arrived.rows, np.memmap)
    assert np.array_equal(arrived.rows, rows)
    assert (arrived.file, arrived.digest) == (file, mapped.digest)
    there, here = fits.perform(in_file), perform(in_file)
    assert isinstance(there, FitContent)
    assert isinstance(here, FitContent)
    assert there.record == here.record
    file.path.write_bytes(file.path.read_bytes()[:-8])
    with pytest.raises(DatasetError, match="changed"):
        pickle.loads(pickled)  # noqa: S301


def test_rows_for_another_machine_are_taken_along(tmp_path: Path) -> None:
    rows = gaussian_rows().rows
    file = write_rows(tmp_path / "rows.npy", [rows], n_rows=len(rows))
    taken = make_dataset("mapped", file=file.path).in_memory()
    file.path.unlink()
    arrived = pickle.loads(pickle.dumps(taken))  # noqa: S301
    assert arrived.file is None
    assert np.array_equal(arrived.rows, rows)


def test_time_limit_ends_the_process_and_what_it_started(
    fits: IsolatedFits, tmp_path: Path
) -> None:
    found = failure(fits, "late", tmp_path, 2)  # a busy machine starts the child late
    assert "2 s" in found.reason
    assert not found.lasting
    # another process takes over
    assert isinstance(fits.perform(task("well", tmp_path)), FitContent)


@pytest.mark.parametrize(("how", "said"), [("killed", "SIGKILL"), ("exits", "code 3")])
def test_process_that_ends_is_a_failure_that_may_pass(
    fits: IsolatedFits, tmp_path: Path, how: str, said: str
) -> None:
    found = failure(fits, how, tmp_path)
    assert said in found.reason
    assert not found.lasting


@pytest.mark.parametrize(
    ("how", "said"), [("refuses", "it cannot work"), ("breaks", "ZeroDivisionError: a bug")]
)
def test_errors_are_failures_that_may_pass(
    fits: IsolatedFits, tmp_path: Path, how: str, said: str
) -> None:
    found = fits.perform(task(how, tmp_path))
    assert isinstance(found, Failure)
    assert said in found.reason
    assert not found.lasting


def test_closing_ends_what_is_under_way(fits: IsolatedFits, tmp_path: Path) -> None:
    found: list[Failure] = []
    thread = threading.Thread(target=lambda: found.append(failure(fits, "late", tmp_path)))
    thread.start()
    wait_until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text() != "")
    fits.close()
    thread.join(10)
    assert len(found) == 1


def test_nuts_takes_a_core_for_each_chain_as_far_as_there_are() -> None:
    assert cores_of(Nuts(n_chains=4), 8) == 4
    assert cores_of(Nuts(n_chains=4), 2) == 2
    assert cores_of(Laplace(), 8) == 1


def test_budget_is_never_exceeded_and_nobody_starves() -> None:
    budget = CoreBudget(3)
    lock = threading.Lock()
    taken: list[int] = []
    most: list[int] = []

    def take(n: int) -> None:
        with budget.take(n):
            with lock:
                taken.append(n)
                most.append(sum(taken))
            time.sleep(0.002)
            with lock:
                taken.remove(n)

    threads = [threading.Thread(target=take, args=(n,)) for n in [1, 3, 2, 1, 9, 1] * 10]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == len(threads)
    assert all(n <= 3 or n == 9 for n in most)  # the 9, more than all there are, runs alone


@pytest.mark.slow
def test_memory_of_what_a_fit_starts_is_kept(fits: IsolatedFits, tmp_path: Path) -> None:
    answer = fits.perform(task("holds", tmp_path))

    assert isinstance(answer, FitContent)
    peak_mb = unpack(answer, tmp_path).cost.peak_memory_mb
    assert peak_mb is not None
    assert 50 < peak_mb < 70  # the process that waits, an interpreter of more, is not counted


@pytest.mark.slow
def test_fit_without_a_process_has_no_memory(fits: IsolatedFits, tmp_path: Path) -> None:
    answer = fits.perform(task("well", tmp_path))

    assert isinstance(answer, FitContent)
    assert unpack(answer, tmp_path).cost.peak_memory_mb is None

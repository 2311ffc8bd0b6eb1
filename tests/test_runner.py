"""Runs: each gives a stored or a fresh fit, in the study's order; failures stay runs."""

import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from harness.data import dataset as datasets
from harness.data.dataset import Dataset, FloatArray
from harness.data.npy_file import chunks_of
from harness.errors import FitError, ProgramError, StoreError
from harness.execution import compiling
from harness.execution.compiling import compile_all
from harness.execution.pool import LocalPool, Pool
from harness.execution.run import FittedRun, Observer, fit_runs, study_keys
from harness.execution.task import Answer, Task, Tell, perform
from harness.fits.fit import DrawKind, Fit, Status, failed_fit
from harness.methods import Problem, RowsUsed
from harness.program.compilation import CompiledProgram
from harness.program.program import Program
from harness.store import Failure, Store
from harness.study.study import Run, Study
from tests.cases import MIXTURE, known_fit, pretend_compiled
from tests.processes import wait_until

ROWS = np.arange(6.0).reshape(3, 2)


@dataclasses.dataclass(frozen=True)
class Counting:
    """A method that counts its calls and fits without Stan, or fails."""

    name: ClassVar[str] = "counting"
    title: ClassVar[str] = "counting"
    family: ClassVar[str] = "counting"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL
    ending: str = "well"
    calls: ClassVar[list[int]] = []

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept anything."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        self.calls.append(seed)
        if self.ending == "slow":
            time.sleep(0.3)
        if self.ending == "disk":
            raise OSError(28, "No space left on device", "draws.csv")
        if self.ending == "memory":
            raise FitError("CmdStan ended with code 1:\n std::bad_alloc")
        if self.ending == "killed":
            raise FitError("CmdStan ended with code -9: CmdStan did not say why")
        if self.ending == "badly":
            raise FitError("it broke:\n  badly")
        if self.ending == "not applicable":
            return failed_fit(Status.NOT_APPLICABLE, "it does not apply")
        draws = np.full((1, 4, 2), seed + problem.dataset.rows.sum())
        return known_fit({"pi": draws, "mu": np.zeros((1, 4, 2, 2))})


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    Counting.calls.clear()


def study_of(*endings: str) -> Study:
    runs = [
        Run(
            dataset="rows",
            program="gmm",
            method=Counting(ending=ending),
            variant=f"v{i}",
            replicate=1,
            seed=10 + i,
        )
        for i, ending in enumerate(endings)
    ]
    return Study(
        name="demo",
        title="Demonstration",
        description="",
        datasets={"rows": Dataset(name="rows", rows=ROWS)},
        programs={"gmm": MIXTURE},
        runs=tuple(runs),
        published=None,
        digest="0",
    )


class Watching(Observer):
    """An observer that takes notes."""

    def __init__(self) -> None:
        self.started_runs: list[Run] = []
        self.finished_runs: list[Run] = []
        self.damaged_runs: list[Run] = []
        self.n_to_fit = -1

    def planned(self, to_fit: Sequence[Run]) -> None:
        self.n_to_fit = len(to_fit)

    def started(self, run: Run) -> None:
        self.started_runs.append(run)

    def finished(self, item: FittedRun) -> None:
        self.finished_runs.append(item.run)

    def damaged(self, run: Run) -> None:
        self.damaged_runs.append(run)


def run(
    study: Study,
    folder: Path,
    observer: Observer | None = None,
    *,
    pool: Pool | None = None,
    retry_failed: bool = False,
) -> list[FittedRun]:
    programs: Mapping[str, CompiledProgram] = {"gmm": pretend_compiled()}
    fitted = fit_runs(
        study,
        store=Store(folder=folder),
        programs=programs,
        pool=pool,
        observer=observer,
        retry_failed=retry_failed,
    )
    return list(fitted)


def test_each_run_is_announced_and_fitted_in_order(tmp_path: Path) -> None:
    study = study_of("well", "well")
    watching = Watching()
    fitted = run(study, tmp_path, watching)
    assert watching.started_runs == [item.run for item in fitted] == list(study.runs)
    assert Counting.calls == [10, 11]
    assert [item.from_store for item in fitted] == [False, False]
    draws = fitted[1].fit.read_draws()
    assert draws["posterior"]["pi"].to_numpy()[0, 0, 0] == 11 + ROWS.sum()


def test_second_time_comes_from_the_store(tmp_path: Path) -> None:
    first = run(study_of("well", "well"), tmp_path)
    again = run(study_of("well", "well", "well"), tmp_path)
    assert Counting.calls == [10, 11, 12]
    assert [item.from_store for item in again] == [True, True, False]
    for old, new in zip(first, again, strict=False):
        assert old.key == new.key
        assert new.fit.read_draws().identical(old.fit.read_draws())


def test_failures_are_runs_with_a_reason(tmp_path: Path) -> None:
    for _ in range(2):
        fitted = run(study_of("badly", "not applicable", "well"), tmp_path)
        assert [(item.fit.status, item.fit.reason) for item in fitted] == [
            (Status.FAILED, "it broke: badly"),
            (Status.NOT_APPLICABLE, "it does not apply"),
            (Status.OK, ""),
        ]
    assert [item.from_store for item in fitted] == [True, True, True]
    assert Counting.calls == [10, 11, 12]


def test_known_failures_are_tried_again_when_asked(tmp_path: Path) -> None:
    study = study_of("badly", "well")
    run(study, tmp_path)
    run(study, tmp_path, retry_failed=True)
    assert Counting.calls == [10, 11, 10]


def test_failure_that_is_overcome_is_forgotten(tmp_path: Path) -> None:
    store = Store(folder=tmp_path)
    key = run(study_of("well"), tmp_path)[0].key
    store.remove(key)
    store.remember(key, Failure(reason="it broke", lasting=True), label="a run")
    assert run(study_of("well"), tmp_path)[0].fit.reason == "it broke"
    assert run(study_of("well"), tmp_path, retry_failed=True)[0].fit.status is Status.OK
    assert store.failure(key) is None


@pytest.mark.parametrize("ending", ["disk", "memory", "killed"])
def test_failures_of_the_machine_are_always_tried_again(tmp_path: Path, ending: str) -> None:
    reasons = [run(study_of(ending), tmp_path)[0].fit.reason for _ in range(2)]
    assert Counting.calls == [10, 10]
    assert reasons[0] == reasons[1] != ""
    assert "\n" not in reasons[0]


@pytest.mark.parametrize("name", ["draws.nc", "fit.json", "sha256"])
def test_damaged_fit_is_told_and_made_again(tmp_path: Path, name: str) -> None:
    study = study_of("well", "well")
    first = run(study, tmp_path)
    file = Store(folder=tmp_path).entry(first[1].key) / name
    file.write_bytes(file.read_bytes()[:-1])
    watching = Watching()
    again = run(study, tmp_path, watching)
    assert watching.damaged_runs == [study.runs[1]]
    assert [item.from_store for item in again] == [True, False]
    assert Counting.calls == [10, 11, 11]


def test_order_is_the_studys_whatever_finishes_first(tmp_path: Path) -> None:
    study = study_of("slow", "well", "well", "slow", "well", "well")
    watching = Watching()
    with LocalPool(3) as pool:
        fitted = run(study, tmp_path, watching, pool=pool)
    assert [item.run for item in fitted] == list(study.runs)
    assert watching.finished_runs[0] != study.runs[0]
    assert sorted(Counting.calls) == [10, 11, 12, 13, 14, 15]


def test_the_next_fit_begins_while_one_is_scored(tmp_path: Path) -> None:
    """Never two that are timed, and never a third beside two that are scored."""
    study = study_of(*["well"] * 5)
    lock = threading.Lock()
    state = {"timed": 0, "all": 0}
    most = {"timed": 0, "all": 0}
    beside: list[int] = []

    def count(name: str, change: int) -> None:
        with lock:
            state[name] += change
            most[name] = max(most[name], state[name])

    def call(task: Task, tell_fitted: Tell) -> Answer:
        count("all", 1)
        count("timed", 1)
        answer = perform(task)
        time.sleep(0.05)
        count("timed", -1)
        tell_fitted()
        if task.run is not study.runs[-1]:  # until another has begun
            wait_until(lambda: state["timed"] == 1 or state["all"] == 2)
        beside.append(state["all"])
        count("all", -1)
        return answer

    with LocalPool(1, call=call) as pool:
        fitted = run(study, tmp_path, pool=pool)
        assert pool.n_at_once() == 1
    assert [item.run for item in fitted] == list(study.runs)
    assert most == {"timed": 1, "all": 2}
    assert beside[0] == 2


def test_run_given_twice_is_fitted_once(tmp_path: Path) -> None:
    study = study_of("slow")
    study = dataclasses.replace(study, runs=study.runs * 2)
    with LocalPool(2) as pool:
        first, second = run(study, tmp_path, pool=pool)
    assert Counting.calls == [10]
    assert first.key == second.key


def test_fit_that_another_process_makes_is_awaited(tmp_path: Path) -> None:
    study = study_of("well", "well")
    store = Store(folder=tmp_path)
    keys = study_keys(study, {"gmm": pretend_compiled().digest})
    claim = store.claim(keys[0])
    assert claim is not None

    def finish_elsewhere() -> None:
        store.save(keys[0], known_fit({"pi": np.ones((1, 4, 2)), "mu": np.ones((1, 4, 2, 2))}))
        claim.release()

    timer = threading.Timer(0.5, finish_elsewhere)
    timer.start()
    fitted = run(study, tmp_path)
    timer.join()
    assert Counting.calls == [11]
    assert [item.from_store for item in fitted] == [True, False]


@pytest.mark.slow
def test_plan_of_stored_runs_reads_no_draws_and_hashes_rows_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(*["well"] * 50)
    run(study, tmp_path)
    fresh = dataclasses.replace(study, datasets={"rows": Dataset(name="rows", rows=ROWS)})
    digests: list[int] = []

    def counted(rows: FloatArray) -> Iterator[FloatArray]:
        digests.append(len(rows))
        return chunks_of(rows)

    reads: list[Path] = []
    read = Path.read_bytes

    def counted_read(path: Path) -> bytes:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(datasets, "chunks_of", counted)
    monkeypatch.setattr(Path, "read_bytes", counted_read)
    watching = Watching()
    programs = {"gmm": pretend_compiled()}
    fitted = fit_runs(fresh, store=Store(folder=tmp_path), programs=programs, observer=watching)
    next(fitted)
    assert watching.n_to_fit == 0
    assert digests == [len(ROWS)]
    assert len(reads) == 3  # of the first run's entry


def test_fits_come_one_at_a_time(tmp_path: Path) -> None:
    study = study_of("well", "well")
    programs = {"gmm": pretend_compiled()}
    fitted = fit_runs(study, store=Store(folder=tmp_path), programs=programs)
    next(fitted)
    assert Counting.calls == [10]
    next(fitted)
    assert Counting.calls == [10, 11]


def test_store_that_cannot_be_written_ends_the_study(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file where the folder should be")
    with pytest.raises(StoreError):
        run(study_of("well"), tmp_path / "fits")


def test_all_programs_are_compiled_under_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        compiling, "compile_program", lambda program, **_: pretend_compiled(program)
    )
    programs = {
        name: dataclasses.replace(MIXTURE, name=f"the {name}") for name in ("a", "b", "c", "d")
    }
    compiled = compile_all(programs)
    assert {name: item.program.name for name, item in compiled.items()} == {
        "a": "the a",
        "b": "the b",
        "c": "the c",
        "d": "the d",
    }


def test_program_that_does_not_compile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_or_refuse(program: Program, **_: object) -> CompiledProgram:
        if program.name == "b":
            raise ProgramError("program 'b'")
        return pretend_compiled(program)

    monkeypatch.setattr(compiling, "compile_program", compile_or_refuse)
    programs = {name: dataclasses.replace(MIXTURE, name=name) for name in ("a", "b", "c")}
    with pytest.raises(ProgramError, match="'b'"):
        compile_all(programs)

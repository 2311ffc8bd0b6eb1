"""Runs: each gives a stored or a fresh fit, in the study's order; failures stay runs."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from harness import runner
from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.errors import FitError, ProgramError, StoreError
from harness.fit import Fit, Status, failed_fit
from harness.methods import Problem
from harness.program import Program
from harness.runner import FittedRun, compile_all, run_study
from harness.store import Store
from harness.study import Run, Study
from tests.cases import MIXTURE, known_fit, pretend_compiled

ROWS = np.arange(6.0).reshape(3, 2)


@dataclasses.dataclass(frozen=True)
class Counting:
    """A method that counts its calls and fits without Stan, or fails."""

    name: ClassVar[str] = "counting"
    ending: str = "well"
    calls: ClassVar[list[int]] = []

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept anything."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        self.calls.append(seed)
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


def run(
    study: Study, folder: Path, on_start: Callable[[Run], None] = lambda _: None
) -> list[FittedRun]:
    programs: Mapping[str, CompiledProgram] = {"gmm": pretend_compiled()}
    return list(run_study(study, store=Store(folder=folder), programs=programs, on_start=on_start))


def test_each_run_is_announced_and_fitted_in_order(tmp_path: Path) -> None:
    study = study_of("well", "well")
    started: list[Run] = []
    fitted = run(study, tmp_path, started.append)
    assert started == [item.run for item in fitted] == list(study.runs)
    assert Counting.calls == [10, 11]
    assert [item.from_store for item in fitted] == [False, False]
    draws = fitted[1].fit.draws
    assert draws is not None
    assert draws["posterior"]["pi"].to_numpy()[0, 0, 0] == 11 + ROWS.sum()


def test_second_time_comes_from_the_store(tmp_path: Path) -> None:
    first = run(study_of("well", "well"), tmp_path)
    again = run(study_of("well", "well", "well"), tmp_path)
    assert Counting.calls == [10, 11, 12]
    assert [item.from_store for item in again] == [True, True, False]
    for old, new in zip(first, again, strict=False):
        assert old.key == new.key
        assert old.fit.draws is not None
        assert new.fit.draws is not None
        assert new.fit.draws.identical(old.fit.draws)


def test_failures_are_runs_with_a_reason_and_are_tried_again(tmp_path: Path) -> None:
    for _ in range(2):
        fitted = run(study_of("badly", "not applicable", "well"), tmp_path)
        assert [item.fit.status for item in fitted] == [
            Status.FAILED,
            Status.NOT_APPLICABLE,
            Status.OK,
        ]
        assert [item.fit.reason for item in fitted] == [
            "it broke: badly",
            "it does not apply",
            "",
        ]
    assert Counting.calls == [10, 11, 12, 10, 11]


def test_fits_come_one_at_a_time(tmp_path: Path) -> None:
    study = study_of("well", "well")
    fitted = run_study(
        study,
        store=Store(folder=tmp_path),
        programs={"gmm": pretend_compiled()},
        on_start=lambda _: None,
    )
    next(fitted)
    assert Counting.calls == [10]
    next(fitted)
    assert Counting.calls == [10, 11]


def test_store_that_cannot_be_written_ends_the_study(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file where the folder should be")
    with pytest.raises(StoreError):
        run(study_of("well"), tmp_path / "fits")


def test_all_programs_are_compiled_under_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "compile_program", pretend_compiled)
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
    def compile_or_refuse(program: Program) -> CompiledProgram:
        if program.name == "b":
            raise ProgramError("program 'b' does not compile")
        return pretend_compiled(program)

    monkeypatch.setattr(runner, "compile_program", compile_or_refuse)
    programs = {name: dataclasses.replace(MIXTURE, name=name) for name in ("a", "b", "c")}
    with pytest.raises(ProgramError, match="'b' does not compile"):
        compile_all(programs)

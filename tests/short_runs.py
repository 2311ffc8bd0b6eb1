"""A study of short runs without Stan, which tests kill, share and spread."""

import os
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import FitError
from harness.execution.pool import LocalPool, Pool
from harness.execution.run import Observer, fit_runs
from harness.fits.fit import DrawKind, Fit
from harness.methods import Problem, RowsUsed
from harness.program.compilation import CompiledProgram
from harness.program.program import Program
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    make_table,
    write_table,
)
from harness.store import Store
from harness.study.study import Run, Study, derive_seed
from harness.summary import summarise
from tests.cases import gaussian_program, known_fit, pretend_compiled

#: The environment's name of a file that gets a line for each fit that begins: seed, process.
TRACE = "SHORT_RUNS_TRACE"

#: Of every so many runs one fails.
FAILS_EVERY = 25


@dataclass(frozen=True, kw_only=True)
class Short:
    """A method that draws from its seed, leaves a trace of its call, and needs no Stan."""

    name: ClassVar[str] = "short"
    title: ClassVar[str] = "short"
    family: ClassVar[str] = "short"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    lasts_s: float = 0.02
    fails: bool = False

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept any data set."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Say that it began, take a while, and draw."""
        with Path(os.environ[TRACE]).open("a") as file:
            file.write(f"{seed} {os.getpid()}\n")
        time.sleep(self.lasts_s)
        if self.fails:
            raise FitError(f"seed {seed} is a bad one")
        rng = np.random.default_rng(seed)
        draws = problem.dataset.rows.mean() + rng.standard_normal((1, 20, 2))
        return known_fit({"theta": draws}, draw_kind=DrawKind.INDEPENDENT)


def short_study(n_runs: int, *, lasts_s: float = 0.02) -> Study:
    """A study of so many replicates."""
    runs = tuple(
        Run(
            dataset="rows",
            program="gaussian",
            method=Short(lasts_s=lasts_s, fails=i % FAILS_EVERY == 0),
            variant="default",
            replicate=i,
            seed=derive_seed(1, str(i)),
        )
        for i in range(1, n_runs + 1)
    )
    return Study(
        name="short",
        title="Short runs",
        description="",
        datasets={"rows": Dataset(name="rows", rows=np.arange(6.0).reshape(3, 2))},
        programs={"gaussian": gaussian_program(rho=0.0)},
        runs=runs,
        published=None,
        digest="0",
    )


def write_short_tables(
    study: Study,
    folder: Path,
    store: Store,
    *,
    program: CompiledProgram,
    pool: Pool,
    observer: Observer | None = None,
) -> None:
    """Run a study and write its tables."""
    fitted = list(
        fit_runs(
            study,
            store=store,
            programs={"gaussian": program},
            pool=pool,
            observer=observer,
        )
    )
    summary = summarise(study, fitted, {})
    write_table(make_table(summary.comparison, COMPARISON_COLUMNS), folder / "comparison.csv")
    write_table(make_table(summary.fits, FITS_COLUMNS), folder / "fits.csv")
    write_table(make_table(summary.stability, STABILITY_COLUMNS), folder / "stability.csv")


def undisturbed_tables(n_runs: int, folder: Path) -> dict[str, bytes]:
    """The tables of a study of so many runs, fitted in this process, that nothing disturbs."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, LocalPool(2) as pool:
        patch.setenv(TRACE, str(folder / "trace"))
        write_short_tables(
            short_study(n_runs, lasts_s=0.0),
            folder,
            Store(folder=folder / "store"),
            program=pretend_compiled(gaussian_program(rho=0.0)),
            pool=pool,
        )
    assert len(begun(folder / "trace")) == n_runs
    return tables(folder)


def begun(trace: Path) -> list[int]:
    """The seeds of the fits that began, in order."""
    return (
        [int(line.split()[0]) for line in trace.read_text().splitlines()] if trace.exists() else []
    )


def pids(trace: Path) -> set[int]:
    """The processes that fitted."""
    return (
        {int(line.split()[1]) for line in trace.read_text().splitlines()}
        if trace.exists()
        else set()
    )


def tables(folder: Path) -> dict[str, bytes]:
    """The tables that a run wrote; all their times are the fake method's and the same."""
    return {
        name: (folder / name).read_bytes()
        for name in ("comparison.csv", "fits.csv", "stability.csv")
    }

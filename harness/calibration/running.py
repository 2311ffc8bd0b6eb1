"""From two programs to ranks: simulate, fit every replicate, rank the true values."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from harness.calibration.asked import Calibration, Programs
from harness.calibration.ranking import Ranking
from harness.calibration.simulation import Replicate, simulate
from harness.calibration.tables import RANK_COLUMNS, calibration_table, methods_table
from harness.execution.compiling import compile_all
from harness.execution.pool import Pool
from harness.execution.run import FittedRun, Observer, fit_runs
from harness.messages.clauses import shown
from harness.program.compilation import compile_density
from harness.results.columns import make_table
from harness.results.manifest import make_manifest
from harness.store import Store
from harness.study.series import SeriesKey, series_titles
from harness.study.study import Run, Study, derive_seed

#: What seeds are derived from beside a replicate's number and a method's name.
_SIMULATION, _FIT = "simulation", "calibration"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A calibration with its replicates, as a study.

    Attributes
    ----------
    asked : Calibration
    programs : Programs
    replicates : tuple of Replicate
    study : Study
        A data set for each replicate, a run for each replicate and method.
    """

    asked: Calibration
    programs: Programs
    replicates: tuple[Replicate, ...]
    study: Study


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationTables:
    """What came of a calibration.

    Attributes
    ----------
    plan : Plan
        What was asked for.
    ranks, calibration, methods : DataFrame
        See :mod:`harness.calibration.tables`.
    n_stored : int
        Fits that were made earlier.
    manifest : dict
        Versions, digests and seeds.
    """

    plan: Plan
    ranks: pd.DataFrame
    calibration: pd.DataFrame
    methods: pd.DataFrame
    n_stored: int
    manifest: dict[str, Any]


def plan_calibration(asked: Calibration, programs: Programs, observer: Observer) -> Plan:
    """Simulate the replicates and plan their fits.

    Parameters
    ----------
    asked : Calibration
    programs : Programs
        From :func:`harness.calibration.asked.read_programs`.
    observer : Observer
        Told what happens.

    Returns
    -------
    Plan

    Raises
    ------
    HarnessError
        If the simulator fails, or the model or a method cannot take what it draws.
    """
    observer.step(f"drawing {asked.replicates} replicates from {shown(asked.simulate.name)}")
    replicates = simulate(
        compile_density(programs.simulator),
        programs,
        replicates=asked.replicates,
        seed=derive_seed(asked.seed, _SIMULATION),
        weight=asked.contract.likelihood_weight if asked.contract else None,
    )
    return Plan(
        asked=asked,
        programs=programs,
        replicates=tuple(replicates),
        study=_study(asked, programs, replicates),
    )


def _study(asked: Calibration, programs: Programs, replicates: Sequence[Replicate]) -> Study:
    """Cross replicates and methods."""
    model = programs.model
    runs = []
    for replicate in replicates:
        dataset = replicate.dataset
        model.check_rows(dataset)
        n_rows = model.n_rows_of(dataset)
        for (_, variant), method in asked.named_methods(n_rows).items():
            method.check(dataset, model)
            number = str(replicate.number)
            runs.append(
                Run(
                    dataset=dataset.name,
                    program=model.name,
                    method=method,
                    variant=variant,
                    replicate=1,
                    seed=derive_seed(asked.seed, _FIT, number, method.name, variant),
                )
            )
    return Study(
        name=f"{model.name}_calibration",
        title=f"{model.name}: are its posteriors calibrated?",
        description=f"Program {shown(asked.model.name)} on data of {shown(asked.simulate.name)}.",
        datasets={replicate.dataset.name: replicate.dataset for replicate in replicates},
        programs={model.name: model},
        runs=tuple(runs),
        published=None,
        digest=_digest(asked, replicates),
    )


def _digest(asked: Calibration, replicates: Sequence[Replicate]) -> str:
    """Hash what was asked for and what was simulated, whatever the files are called."""
    content = {field.name: getattr(asked, field.name) for field in fields(asked)}
    for name in ("simulate", "model", "data"):
        del content[name]
    digests = [replicate.dataset.digest for replicate in replicates]
    text = f"{content} {digests}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def run_calibration(
    plan: Plan, *, store: Store, pool: Pool, observer: Observer, retry_failed: bool = False
) -> CalibrationTables:
    """Fit every replicate by every method, and rank the true values among the draws.

    Parameters
    ----------
    plan : Plan
    store : Store
        Fits from earlier, and the place for new ones.
    pool : Pool
        Where to fit.
    observer : Observer
        Told what happens.
    retry_failed : bool
        Try runs again that are known to fail.

    Returns
    -------
    CalibrationTables

    Raises
    ------
    HarnessError
        If the model does not compile, or does not allow a true value.
    """
    store.check_writable()
    store.sweep()
    compiled = compile_all(plan.study.programs, observer.compiling)
    model = plan.programs.model.name
    titles = series_titles(
        SeriesKey(model, run.method.name, run.variant) for run in plan.study.runs
    )
    runs = fit_runs(
        plan.study,
        store=store,
        programs=compiled,
        pool=pool,
        observer=observer,
        retry_failed=retry_failed,
    )
    examples: dict[SeriesKey, FittedRun] = {}
    with (
        Ranking(plan.replicates, compiled[model], titles, seed=plan.asked.seed) as ranking,
        closing(runs),
    ):
        for item in runs:
            ranking.add(item)
            examples.setdefault(SeriesKey(model, item.run.method.name, item.run.variant), item)
    ranks = make_table(ranking.rows, RANK_COLUMNS)
    calibration = calibration_table(ranks)
    return CalibrationTables(
        plan=plan,
        ranks=ranks,
        calibration=calibration,
        methods=methods_table(calibration, ranks, ranking.counts()),
        n_stored=ranking.n_stored,
        # an example of each method: all runs would be thousands of lines that say the same
        manifest={**make_manifest(plan.study, examples.values()), "datasets": {}},
    )

"""From replicates to ranks: fit every replicate, rank the true values."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.calibration.plan import Plan
from harness.calibration.ranking import Ranking
from harness.calibration.tables import RANK_COLUMNS, calibration_table, methods_table
from harness.execution.compiling import compile_all
from harness.execution.pool import Pool
from harness.execution.run import FittedRun, Observer, fit_runs
from harness.results.columns import make_table
from harness.results.manifest import make_manifest
from harness.store import Store
from harness.study.series import SeriesKey, series_titles


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationTables:
    """What came of a calibration.

    Attributes
    ----------
    seed : int
        Which decides all randomness.
    ranks, calibration, methods : DataFrame
        See :mod:`harness.calibration.tables`.
    n_stored : int
        Fits that were made earlier.
    manifest : dict
        Title and description, versions, digests and seeds.
    plan : Plan or None
        What was asked for; None of tables that were saved earlier.
    """

    seed: int
    ranks: pd.DataFrame
    calibration: pd.DataFrame
    methods: pd.DataFrame
    n_stored: int
    manifest: dict[str, Any]
    plan: Plan | None = None


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
        seed=plan.asked.seed,
        ranks=ranks,
        calibration=calibration,
        methods=methods_table(calibration, ranks, ranking.counts()),
        n_stored=ranking.n_stored,
        # an example of each method: all runs would be thousands of lines that say the same
        manifest={**make_manifest(plan.study, examples.values()), "datasets": {}},
    )

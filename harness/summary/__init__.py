"""Fits to rows: one per run and parameter, one per run, and one per series and parameter.

- `summarise`, `StudyTables`: all rows of a study, judged
- `Measuring`, `measure_all`: what is measured of fits, each once
- `Background`: the same in a thread, while other fits run
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Status, failed_fit
from harness.metrics.stability import Stability
from harness.study.series import SeriesKey
from harness.study.study import Study
from harness.summary.background import Background
from harness.summary.fit_rows import fit_row
from harness.summary.measured import MeasuredFit, judge_measurement, measure_failure
from harness.summary.measurement import Measurement
from harness.summary.measuring import Measuring
from harness.summary.parameter_rows import parameter_rows
from harness.summary.reference import ReferenceDraws
from harness.summary.stability_rows import stability_rows
from harness.verdict.criteria import Verdict

__all__ = ["Background", "Measuring", "StudyTables", "measure_all", "summarise"]

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StudyTables:
    """What the tables of a study say.

    Attributes
    ----------
    comparison, fits, stability : list of dict
        Rows of ``comparison.csv``, ``fits.csv`` and ``stability.csv``, keyed by the columns that
        :mod:`harness.results.columns` declares.
    fitted : tuple of FittedRun
        The runs; a fit that could not be measured is a failure here, with its reason.
    """

    comparison: list[Row]
    fits: list[Row]
    stability: list[Row]
    fitted: tuple[FittedRun, ...]


def summarise(
    study: Study,
    fitted: Sequence[FittedRun],
    from_files: Mapping[str, ReferenceDraws],
    *,
    measuring: Measuring | None = None,
) -> StudyTables:
    """Summarise the fits of a study, judged against the references of their data sets.

    Parameters
    ----------
    study : Study
        Says which run is a reference.
    fitted : sequence of FittedRun
        All of its runs, failed ones included.
    from_files : Mapping
        References that come from files, by data set.
    measuring : Measuring, optional
        What was measured already; what is missing is measured now.

    Returns
    -------
    StudyTables

    Raises
    ------
    StoreError
        If a fit is no longer in the store.
    """
    measuring = measuring or Measuring(study, from_files)
    # as in the background: results are the same on any number of cores, and small matrices fast
    with threadpool_limits(limits=1):
        measure_all(measuring, fitted)
        measuring.compare_chains(fitted)
        measuring.compare_points(fitted)
    told = [_unmeasured(item, measuring) for item in fitted]
    comparison: list[Row] = []
    fits: list[Row] = []
    stability: list[Row] = []
    for group in _series(told).values():
        ok = [item for item in group if item.fit.status is Status.OK]
        spreads: Mapping[tuple[str, str], Stability] = {}
        n_runs = None
        if all(item.fit.draw_kind is DrawKind.INDEPENDENT for item in ok):
            n_runs = len(ok)
            spreads = measuring.spreads(ok) if n_runs > 1 else {}
        for item, measured in zip(group, _judged(group, measuring, spreads, n_runs), strict=True):
            comparison.extend(parameter_rows(item, measured))
            fits.append(fit_row(item, measured))
        stability.extend(stability_rows(group, spreads, study.datasets[group[0].run.dataset]))
    return StudyTables(comparison=comparison, fits=fits, stability=stability, fitted=tuple(told))


def measure_all(measuring: Measuring, fitted: Sequence[FittedRun]) -> None:
    """Measure what has not been measured, references first.

    Parameters
    ----------
    measuring : Measuring
    fitted : sequence of FittedRun
        All runs of a study.
    """
    later = []
    for item in fitted:
        if measuring.is_ready(item):
            measuring.take(item)
        else:
            later.append(item)
    for item in later:
        measuring.take(item)


def _unmeasured(item: FittedRun, measuring: Measuring) -> FittedRun:
    """Turn a fit that could not be measured into a failure with its reason."""
    if item.fit.status is not Status.OK:
        return item
    found = measuring.result(item)
    return (
        item
        if isinstance(found, Measurement)
        else replace(item, fit=failed_fit(Status.FAILED, found))
    )


def _judged(
    group: Sequence[FittedRun],
    measuring: Measuring,
    spreads: Mapping[tuple[str, str], Stability],
    n_runs: int | None,
) -> list[MeasuredFit]:
    """Judge the runs of a series by their measurements, then by whether they agree."""

    def judged(item: FittedRun, *, n_disagreeing: int | None = None) -> MeasuredFit:
        found = measuring.result(item) if item.fit.status is Status.OK else ""
        if not isinstance(found, Measurement):
            return measure_failure(item.fit)
        return judge_measurement(
            item.fit,
            found,
            target=measuring.target(item),
            spreads=spreads,
            n_runs=n_runs,
            n_disagreeing=n_disagreeing,
        )

    alone = [judged(item) for item in group]
    if n_runs is None:
        return alone
    verdicts = [_verdict(each) for each, item in zip(alone, group, strict=True) if _has_fit(item)]
    together = []
    for item, measured in zip(group, alone, strict=True):
        n_others = sum(verdict is not _verdict(measured) for verdict in verdicts)
        if not _has_fit(item):
            together.append(measured)
        elif n_others and _verdict(measured) is Verdict.TRUST:
            together.append(judged(item, n_disagreeing=n_others))
        else:
            together.append(replace(measured, n_disagreeing=n_others))
    return together


def _has_fit(item: FittedRun) -> bool:
    return item.fit.status is Status.OK


def _verdict(measured: MeasuredFit) -> Verdict | None:
    return measured.judgement.verdict if measured.judgement else None


def _series(fitted: Sequence[FittedRun]) -> dict[tuple[str, SeriesKey], list[FittedRun]]:
    """Collect the replicates of each cell, in the study's order."""
    groups: dict[tuple[str, SeriesKey], list[FittedRun]] = defaultdict(list)
    for item in fitted:
        run = item.run
        groups[run.dataset, SeriesKey(run.program, run.method.name, run.variant)].append(item)
    return dict(groups)

"""Fits to rows: one per run and parameter, one per run, and one per series and parameter."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.fit import DrawKind, Status
from harness.metrics.stability import Stability
from harness.quantities import Quantities, posterior_arrays, quantities
from harness.reference import ReferenceDraws, mismatch, reference_from_fit
from harness.runner import FittedRun
from harness.series import SeriesKey
from harness.study import Study
from harness.summary.fit_rows import fit_row
from harness.summary.measured import measure_failure, measure_fit
from harness.summary.parameter_rows import parameter_rows
from harness.summary.quantity import Target
from harness.summary.stability_rows import run_spreads, stability_rows
from harness.verdict.criteria import Reference

__all__ = ["Summary", "summarise"]

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the tables of a study say.

    Attributes
    ----------
    comparison, fits, stability : list of dict
        Rows of ``comparison.csv``, ``fits.csv`` and ``stability.csv``, keyed by the columns that
        :mod:`harness.table` declares.
    """

    comparison: list[Row]
    fits: list[Row]
    stability: list[Row]


def summarise(
    study: Study, fitted: Sequence[FittedRun], from_files: Mapping[str, ReferenceDraws]
) -> Summary:
    """Summarise the fits of a study, judged against the references of their data sets.

    Parameters
    ----------
    study : Study
        Says which run is a reference.
    fitted : sequence of FittedRun
        All of its runs, failed ones included.
    from_files : Mapping
        References that come from files, by data set.

    Returns
    -------
    Summary
    """
    named = {item.key: _quantities(item) for item in fitted if item.fit.status is Status.OK}
    references = {**from_files, **_run_references(study, fitted, named)}
    comparison: list[Row] = []
    fits: list[Row] = []
    stability: list[Row] = []
    for group in _series(fitted).values():
        ok = [item for item in group if item.fit.status is Status.OK]
        spreads: Mapping[tuple[str, str], Stability] = {}
        if len(ok) > 1 and all(item.fit.draw_kind is DrawKind.INDEPENDENT for item in ok):
            spreads = run_spreads([named[item.key] for item in ok])
        for item in group:
            measured = (
                measure_fit(
                    item,
                    named[item.key],
                    target=_target(study, item, named[item.key], references),
                    spreads=spreads,
                )
                if item.key in named
                else measure_failure(item.fit)
            )
            comparison.extend(parameter_rows(item, measured))
            fits.append(fit_row(item, measured))
        stability.extend(stability_rows(group, spreads, study.datasets[group[0].run.dataset]))
    return Summary(comparison=comparison, fits=fits, stability=stability)


def _quantities(item: FittedRun) -> Quantities:
    """Name the quantities of a fit."""
    program = item.program.program
    return quantities(posterior_arrays(item.fit, program), program)


def _run_references(
    study: Study, fitted: Sequence[FittedRun], named: Mapping[str, Quantities]
) -> dict[str, ReferenceDraws]:
    """Take the references that are runs of the study, and gave a fit."""
    by_run = {item.run: item for item in fitted if item.key in named}
    return {
        dataset: reference_from_fit(item.fit, named[item.key], title=item.run.label)
        for dataset, source in study.references.items()
        if source.run is not None and (item := by_run.get(source.run)) is not None
    }


def _series(fitted: Sequence[FittedRun]) -> dict[tuple[str, SeriesKey], list[FittedRun]]:
    """Collect the replicates of each cell, in the study's order."""
    groups: dict[tuple[str, SeriesKey], list[FittedRun]] = defaultdict(list)
    for item in fitted:
        run = item.run
        groups[run.dataset, SeriesKey(run.program, run.method.name, run.variant)].append(item)
    return dict(groups)


def _target(
    study: Study,
    item: FittedRun,
    named: Quantities,
    references: Mapping[str, ReferenceDraws],
) -> Target:
    """Say what a fit is measured against; the reference itself is judged by its own checks."""
    dataset = item.run.dataset
    n_rows = item.program.program.n_rows_of(study.datasets[dataset])
    source = study.references.get(dataset)
    if source is None or source.run == item.run:
        return Target(n_rows=n_rows, state=Reference.ABSENT)
    reference = references.get(dataset)
    if reference is None:
        return Target(n_rows=n_rows, state=Reference.FAILED, problems="its run failed")
    if reference.problems:
        problems = "; ".join(reference.problems)
        return Target(n_rows=n_rows, state=Reference.FAILED, problems=problems)
    problem = mismatch(reference, named, program=item.run.program)
    if problem:
        return Target(n_rows=n_rows, state=Reference.FAILED, problems=problem)
    return Target(n_rows=n_rows, state=Reference.VALID, draws=reference)

"""The commands on a study: run it, write its report again."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from harness.cli.console import OUT
from harness.cli.display import Display, Mode
from harness.cli.verdicts import print_verdicts
from harness.errors import ResultsError
from harness.events import Summary
from harness.fit import Status
from harness.manifest import make_manifest, write_manifest
from harness.plot import save_figures, study_figures
from harness.pools import Pool, local_pool
from harness.published import Published, read_published
from harness.reference import ReferenceDraws, read_references
from harness.report import write_report
from harness.results import open_results_folder
from harness.runner import FittedRun, compile_all, run_study
from harness.scheduler import ClusterPool
from harness.store import Store
from harness.study import Study, read_study
from harness.summary import summarise
from harness.table import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    make_table,
    write_table,
)

#: The log of a study, in its results folder.
LOG_FILE = "run.log"


def _pool(arguments: argparse.Namespace) -> Pool:
    """Return where to fit, as the command line says."""
    if arguments.scheduler:
        return ClusterPool(arguments.scheduler, time_limit_s=arguments.time_limit)
    return local_pool(arguments.jobs, time_limit_s=arguments.time_limit)


def mode_of(arguments: argparse.Namespace) -> Mode:
    """Return how much to show, as the command line says."""
    if getattr(arguments, "json", False):
        return Mode.JSON
    return Mode.QUIET if getattr(arguments, "quiet", False) else Mode.USUAL


def _fit_all(
    study: Study, store: Store, *, pool: Pool, display: Display, retry_failed: bool
) -> list[FittedRun]:
    """Run a study and show how it goes."""
    programs = compile_all(study.programs)
    runs = run_study(
        study,
        store=store,
        programs=programs,
        pool=pool,
        observer=display,
        retry_failed=retry_failed,
    )
    with closing(runs):
        return list(runs)


def _published(study: Study) -> Published | None:
    """Read the numbers that a study sets beside its own, if it names any."""
    return read_published(study.published) if study.published else None


def _write_results(
    study: Study,
    fitted: Sequence[FittedRun],
    folder: Path,
    *,
    references: Mapping[str, ReferenceDraws],
    published: Published | None,
) -> None:
    """Write everything that a study leaves behind."""
    summary = summarise(study, fitted, references)
    write_table(make_table(summary.comparison, COMPARISON_COLUMNS), folder / "comparison.csv")
    write_table(make_table(summary.fits, FITS_COLUMNS), folder / "fits.csv")
    write_table(make_table(summary.stability, STABILITY_COLUMNS), folder / "stability.csv")
    write_manifest(make_manifest(study, fitted), folder / "manifest.json")
    save_figures(study_figures(study, fitted), folder / "figures")
    write_report(folder, published=published)


def run(arguments: argparse.Namespace) -> None:
    """Run a study and write its tables and report."""
    study = read_study(arguments.study)
    run_and_write(study, arguments.results / study.name, arguments, show=print_verdicts)


def run_and_write(
    study: Study,
    results: Path,
    arguments: argparse.Namespace,
    *,
    show: Callable[[Path], None],
) -> None:
    """Run a study as the command line says, write its tables and report, and show the verdicts."""
    folder = open_results_folder(results)
    published = _published(study)
    references = read_references(study)
    store = Store(folder=arguments.store)
    store.check_writable()
    store.sweep()
    mode = mode_of(arguments)
    with (
        _pool(arguments) as pool,
        Display(
            study, mode=mode, log_file=folder / LOG_FILE, n_at_once=pool.n_at_once()
        ) as display,
    ):
        fitted = _fit_all(
            study, store, pool=pool, display=display, retry_failed=arguments.retry_failed
        )
        display.step("measuring the fits")
        _write_results(study, fitted, folder, references=references, published=published)
    # below the bar, which sends what is printed meanwhile to standard error
    if mode is Mode.USUAL:
        show(folder)
    display.summary(_summary(study, fitted, folder))


def _summary(study: Study, fitted: Sequence[FittedRun], folder: Path) -> Summary:
    """Count what came of the runs."""
    return Summary(
        study=study.name,
        n_runs=len(fitted),
        n_stored=sum(item.from_store and item.fit.status is Status.OK for item in fitted),
        n_failed=sum(item.fit.status is Status.FAILED for item in fitted),
        report=str(folder / "report.html"),
    )


def report(arguments: argparse.Namespace) -> None:
    """Write a report again."""
    study = read_study(arguments.study)
    folder = arguments.results / study.name
    if not folder.is_dir():
        raise ResultsError(f"there are no results in '{folder}'; run the study first")
    open_results_folder(folder)
    write_report(folder, published=_published(study))
    OUT.print(f"wrote {folder / 'report.html'} and report.md")

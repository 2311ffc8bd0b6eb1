"""The commands on a study: run it, write its report again."""

import argparse
from collections.abc import Callable
from pathlib import Path

from harness.api import StudyResult, fit_study, open_pool
from harness.cli.console import OUT
from harness.cli.display import Display, Mode
from harness.cli.verdicts import print_verdicts
from harness.errors import HarnessError, ResultsError
from harness.execution.events import Summary
from harness.fits.fit import Status
from harness.messages.clauses import shown
from harness.messages.faults import unexpected
from harness.report import write_report
from harness.results.folder import open_results_folder
from harness.store import Store
from harness.study.published import published_of
from harness.study.study import Study, read_study

#: The log of a study, in its results folder.
LOG_FILE = "run.log"


def mode_of(arguments: argparse.Namespace) -> Mode:
    """Return how much to show, as the command line says."""
    if getattr(arguments, "json", False):
        return Mode.JSON
    return Mode.QUIET if getattr(arguments, "quiet", False) else Mode.USUAL


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
    mode = mode_of(arguments)
    with (
        open_pool(
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            time_limit_s=arguments.time_limit,
        ) as pool,
        Display(
            study, mode=mode, log_file=folder / LOG_FILE, n_at_once=pool.n_at_once()
        ) as display,
    ):
        result = fit_study(
            study,
            store=Store(folder=arguments.store),
            pool=pool,
            observer=display,
            retry_failed=arguments.retry_failed,
        )
        report_file = result.save(folder)
    # below the bar, which sends what is printed meanwhile to standard error
    if mode is Mode.USUAL:
        try:
            show(folder)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 - all that was computed is written
            OUT.print(f"the verdicts could not be shown: {unexpected(error)}", markup=False)
    display.summary(_summary(result, report_file))


def _summary(result: StudyResult, report_file: Path) -> Summary:
    """Count what came of the runs."""
    fitted = result.fitted
    return Summary(
        study=result.study.name,
        n_runs=len(fitted),
        n_stored=sum(item.from_store and item.fit.status is Status.OK for item in fitted),
        n_failed=sum(item.fit.status is Status.FAILED for item in fitted),
        report=shown(str(report_file)),
    )


def report(arguments: argparse.Namespace) -> None:
    """Write a report again."""
    study = read_study(arguments.study)
    folder = arguments.results / study.name
    if not folder.is_dir():
        raise ResultsError(f"there are no results in '{folder}'; run the study first")
    open_results_folder(folder)
    write_report(folder, published=published_of(study))
    OUT.print(f"wrote {folder / 'report.html'} and report.md")

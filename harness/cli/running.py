"""Run a study as the command line says, and write its tables and report."""

import argparse
from pathlib import Path

from harness import api, cli
from harness.cli.console import OUT
from harness.cli.display import Display, Mode
from harness.errors import HarnessError
from harness.execution.events import StudyFinished
from harness.fits.fit import Status
from harness.messages.clauses import shown
from harness.messages.faults import unexpected
from harness.results.folder import open_results_folder
from harness.study.study import Study

#: The log of a study, in its results folder.
LOG_FILE = "run.log"


def mode_of(arguments: argparse.Namespace) -> Mode:
    """Return how much to show, as the command line says."""
    if getattr(arguments, "json", False):
        return Mode.JSON
    return Mode.QUIET if getattr(arguments, "quiet", False) else Mode.USUAL


def run_options(arguments: argparse.Namespace) -> api.RunOptions:
    """Return how fits are run, as the command line says."""
    return api.RunOptions(
        store=arguments.store,
        jobs=arguments.jobs,
        scheduler=arguments.scheduler,
        time_limit_s=arguments.time_limit,
        retry_failed=arguments.retry_failed,
    )


def run_and_write(
    study: Study,
    results: Path,
    arguments: argparse.Namespace,
    *,
    with_errors: bool = False,
) -> None:
    """Run a study as the command line says, write its tables and report, and show the verdicts.

    Parameters
    ----------
    study : Study
    results : Path
        The folder of its results.
    arguments : Namespace
        Those of every command that fits.
    with_errors : bool
        Whether the errors of the means are shown below the verdicts.
    """
    folder = open_results_folder(results)
    mode = mode_of(arguments)
    options = run_options(arguments)
    with (
        options.open_pool() as pool,
        Display(
            study, mode=mode, log_file=folder / LOG_FILE, n_at_once=pool.n_at_once()
        ) as display,
    ):
        result = api.fit_study(study, options, pool=pool, observer=display)
        report_file = result.save(folder)
    # below the bar, which sends what is printed meanwhile to standard error
    if mode is Mode.USUAL:
        try:
            if with_errors:
                cli.verdicts.print_verdicts_and_errors(result.as_saved)
            else:
                cli.verdicts.print_verdicts(result.as_saved)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 - all that was computed is written
            OUT.print(f"the verdicts could not be shown: {unexpected(error)}", markup=False)
    display.summary(_summary(result, report_file))


def _summary(result: "api.StudyResult", report_file: Path) -> StudyFinished:
    """Count what came of the runs."""
    fitted = result.fitted
    return StudyFinished(
        study=result.study.name,
        n_runs=len(fitted),
        n_stored=sum(item.from_store and item.fit.status is Status.OK for item in fitted),
        n_failed=sum(item.fit.status is Status.FAILED for item in fitted),
        report=shown(str(report_file)),
    )

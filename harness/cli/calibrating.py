"""Run a calibration as the command line says, write its page, and show what came of it."""

import argparse
from pathlib import Path

from harness import api
from harness.calibration import page, plan_calibration
from harness.calibration.asked import Calibration, Programs
from harness.cli.console import OUT, note
from harness.cli.display import Display, Mode
from harness.cli.running import LOG_FILE, mode_of, run_options
from harness.cli.tables import print_table
from harness.execution.events import StudyFinished
from harness.execution.run import Observer
from harness.messages.clauses import shown
from harness.report.grid import Grid
from harness.results.folder import open_results_folder

#: Rows of the console's table of quantities; the tables have all.
MOST_ROWS = 40


def calibrate_and_write(
    asked: Calibration, programs: Programs, results: Path, arguments: argparse.Namespace
) -> None:
    """Simulate, fit, rank, write tables and page, and show the verdicts.

    Parameters
    ----------
    asked : Calibration
    programs : Programs
        Checked.
    results : Path
        The folder of its results.
    arguments : Namespace
        Those of every command that fits.
    """
    folder = open_results_folder(results)
    mode = mode_of(arguments)
    options = run_options(arguments)
    with options.open_pool() as pool:
        plan = plan_calibration(
            asked, programs, store=options.open_store(), pool=pool, observer=_Steps(mode)
        )
        log_file = folder / LOG_FILE
        with Display(
            plan.study, mode=mode, log_file=log_file, n_at_once=pool.n_at_once()
        ) as display:
            result = api.fit_calibration(plan, options, pool=pool, observer=display)
            display.step("writing tables and figures")
            report_file = result.save(folder)
    if mode is Mode.USUAL:
        _print_tables(result)
    display.summary(
        StudyFinished(
            study=plan.study.name,
            n_runs=len(plan.study.runs),
            n_stored=result.tables.n_stored,
            n_failed=int(result.methods["n_failed"].sum()),
            report=shown(str(report_file)),
        )
    )


class _Steps(Observer):
    """Says what happens before the fits."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def step(self, text: str) -> None:
        """Say it."""
        if self._mode is Mode.USUAL:
            note(text)


def _print_tables(result: "api.CalibrationResult") -> None:
    """Print the verdicts on methods and quantities, and a sentence on each method."""
    _print("Verdicts on methods", page.methods_grid(result.methods))
    judged = result.calibration
    title = "Verdicts on quantities"
    if len(judged) > MOST_ROWS:
        title += f": the {MOST_ROWS} with the smallest p-values of {len(judged):,}"
        judged = judged.sort_values("p_value", kind="stable").iloc[:MOST_ROWS]
    _print(title, page.quantities_grid(judged))
    for sentence in page.answers(result.methods, result.calibration):
        OUT.print(sentence.replace("**", "").replace("`", ""), markup=False)


def _print(title: str, grid: Grid) -> None:
    print_table(
        title,
        [head.title for head in grid.columns],
        [[cell.text for cell in row] for row in grid.rows],
    )

"""Show a study under way: a bar, lines, JSON, or next to nothing; and its log file."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar

from harness.cli.console import ERR, OUT, note
from harness.execution.events import (
    Compiling,
    Event,
    Failed,
    FitDamaged,
    RunElsewhere,
    RunFinished,
    RunMeasured,
    RunStarted,
    StudyFinished,
    StudyStarted,
)
from harness.execution.progress import Pace, Progress, compiling_line, outcome_line, time_text
from harness.execution.run import FittedRun, Observer
from harness.fits.fit import Status
from harness.messages.clauses import shown
from harness.messages.numerals import counted
from harness.study.study import Run, Study


class Mode(StrEnum):
    """How much is shown."""

    USUAL = "usual"
    QUIET = "quiet"
    JSON = "json"


def print_event(event: Event) -> None:
    """Print an event as a line of JSON; rich would take four times as long over it."""
    try:
        print(event.model_dump_json(), flush=True)
    except BrokenPipeError:
        OUT.on_broken_pipe()


def print_failure(error: Exception) -> None:
    """Print that the command ends without results, as an event."""
    print_event(Failed(message=shown(str(error))))


class Display(Observer):
    """Tells the user, and the study's log file, what happens.

    Parameters
    ----------
    study : Study
        What runs.
    mode : Mode
        How much to show.
    log_file : Path
        Lines are added to it; a log that cannot be written stops nothing.
    n_at_once : int
        Fits at once, for the time left.
    """

    def __init__(self, study: Study, *, mode: Mode, log_file: Path, n_at_once: int) -> None:
        self._study = study
        self._mode = mode
        self._progress = Progress(len(study.runs), n_at_once=n_at_once)
        self._pace = Pace()
        self._log_file = log_file
        self._bar = Bar(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=ERR,
            transient=True,
            disable=mode is not Mode.USUAL or not ERR.is_terminal,
        )
        self._task = self._bar.add_task("compiling the programs", total=len(study.runs))

    def __enter__(self) -> Self:
        """Begin to show."""
        self._log(f"study '{self._study.name}': {counted(len(self._study.runs), 'run')}")
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away and log how it ended."""
        self._bar.stop()
        if error is not None:
            self._log(f"ended by {type(error).__name__}: {error}".rstrip(": "))

    def planned(self, to_fit: Sequence[Run]) -> None:
        """Show how much there is to do."""
        self._progress.plan(to_fit)
        n_runs = len(self._study.runs)
        need = "needs" if len(to_fit) == 1 else "need"
        self._log(f"{len(to_fit)} of {counted(n_runs, 'run')} {need} a fit")
        self._emit(StudyStarted(study=self._study.name, n_runs=n_runs, n_to_fit=len(to_fit)))

    def started(self, run: Run) -> None:
        """Show what is being fitted."""
        self._progress.start(run)
        self._log(f"started: {run.label}")
        self._emit(RunStarted(run=run.label))
        self._describe()

    def finished(self, item: FittedRun) -> None:
        """Show how a run ended."""
        run, fit = item.run, item.fit
        stored_time_s = fit.fit_time_s if item.from_store else None
        self._progress.finish(run, status=fit.status, stored_time_s=stored_time_s)
        line = outcome_line(item, again="--retry-failed")
        self._log(line)
        self._emit(
            RunFinished(
                run=run.label,
                status=fit.status,
                from_store=item.from_store,
                fit_time_s=fit.fit_time_s,
                reason=fit.reason,
                n_finished=self._progress.n_finished,
                n_runs=self._progress.n_runs,
                time_left_s=self._progress.time_left_s(),
            )
        )
        self._bar.advance(self._task)
        self._describe()
        if fit.status is Status.FAILED:
            self._say(line)
        else:
            self._say_if_no_bar(line)

    def damaged(self, run: Run) -> None:
        """Show that a stored fit is damaged."""
        self._emit(FitDamaged(run=run.label))
        self._say(f"damaged in the store, fitted again: {run.label}")

    def elsewhere(self, run: Run) -> None:
        """Show that another process fits a run."""
        self._emit(RunElsewhere(run=run.label))
        self._log(f"another process is fitting: {run.label}")

    def compiling(self, programs: Sequence[str], elapsed_s: float) -> None:
        """Show what is being compiled."""
        line = compiling_line(programs, elapsed_s)
        self._bar.update(self._task, description=line)
        if self._pace.is_due():
            self._log(line)
            self._emit(Compiling(programs=tuple(programs), elapsed_s=elapsed_s))
            self._say_if_no_bar(line)

    def measured(self, run: Run, *, n_measured: int, n_runs: int) -> None:
        """Show how many fits are measured, once all are fitted."""
        self._emit(RunMeasured(run=run.label, n_measured=n_measured, n_runs=n_runs))
        if self._progress.n_finished < n_runs:
            return
        description = f"measuring the fits: {run.label}"
        self._bar.update(self._task, completed=n_measured, description=description)
        if self._pace.is_due():
            self._say_if_no_bar(f"measured {n_measured} of {counted(n_runs, 'fit')}")

    def step(self, text: str) -> None:
        """Show what happens after the fits."""
        self._log(text)
        self._bar.update(self._task, description=text)
        if self._mode is Mode.USUAL:
            note(text)

    def summary(self, event: StudyFinished) -> None:
        """Show what came of the study."""
        line = (
            f"{counted(event.n_runs, 'run')}: {event.n_stored} from the store, "
            f"{event.n_failed} failed; wrote {event.report} with its tables and figures beside it"
        )
        self._log(line)
        self._emit(event)
        if self._mode is Mode.USUAL:
            OUT.print(line, markup=False)

    def _describe(self) -> None:
        """Put what runs, and the time left, beside the bar."""
        running = self._progress.running
        if running:
            more = f" and {len(running) - 1} more" if len(running) > 1 else ""
            left = time_text(self._progress.time_left_s())
            self._bar.update(self._task, description=f"{left} left: {running[0].label}{more}")

    def _emit(self, event: Event) -> None:
        if self._mode is Mode.JSON:
            print_event(event)

    def _say(self, line: str) -> None:
        """Print a line that even a quiet run tells; in JSON it is an event already."""
        if self._mode is not Mode.JSON:
            self._bar.print(line, markup=False)

    def _say_if_no_bar(self, line: str) -> None:
        """Print a line where there is no terminal, and so no bar that moves."""
        if self._mode is Mode.USUAL and not ERR.is_terminal:
            self._say(line)

    def _log(self, line: str) -> None:
        time = datetime.now(UTC).isoformat(timespec="seconds")
        with (
            contextlib.suppress(OSError),
            self._log_file.open("a", encoding="utf-8", errors="replace") as file,
        ):
            file.write(f"{time} {line}\n")

"""What a cluster's worker does: compile a program from its sources, and fit."""

import threading
from dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import HarnessError
from harness.execution.cores import CoreBudget, n_cores
from harness.execution.isolation import IsolatedFits
from harness.execution.task import Outcome, Task
from harness.program.portable import ProgramSources, compile_sources
from harness.store import FORMAT, passing_failure
from harness.study.study import Run

_BUDGET = CoreBudget(n_cores())
_FITS: dict[str, IsolatedFits] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class RemoteTask:
    """A task for a machine that shares no file system with the study's.

    Attributes
    ----------
    run : Run
        The method, its options and the seed.
    dataset : Dataset
        The observations.
    sources : ProgramSources
        What to compile and run.
    time_limit_s : float or None
        Of the fit, in seconds of wall time.
    driver : str
        Which of the processes that use the cluster asks.
    format : int
        What a stored fit means where it goes to.
    """

    run: Run
    dataset: Dataset
    sources: ProgramSources
    time_limit_s: float | None
    driver: str
    format: int = FORMAT


def perform_remotely(task: RemoteTask) -> Outcome:
    """Perform a task on this machine.

    Parameters
    ----------
    task : RemoteTask
        From another machine.

    Returns
    -------
    Outcome
        That this machine has no CmdStan, or another, is a failure that is not remembered.
    """
    if task.format != FORMAT:
        return Outcome(failure=passing_failure("the worker has another version of the harness"))
    try:
        program = compile_sources(task.sources)
    except (HarnessError, OSError) as error:
        return Outcome(failure=passing_failure(f"on a worker: {error}"))
    local = Task(run=task.run, dataset=task.dataset, program=program)
    return _fits(task.driver).perform(local, time_limit_s=task.time_limit_s)


def _fits(driver: str) -> IsolatedFits:
    """Return a driver's processes; those of drivers that are gone without a word end."""
    with _LOCK:
        for other in [name for name in _FITS if name != driver and not _FITS[name].is_busy]:
            _FITS.pop(other).close()
        return _FITS.setdefault(driver, IsolatedFits(_BUDGET))


def stop_fits(driver: str) -> None:
    """End the processes that fit for a driver."""
    with _LOCK:
        fits = _FITS.pop(driver, None)
    if fits is not None:
        fits.close()

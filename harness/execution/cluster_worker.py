"""What a cluster's worker does: compile a program from its sources, and fit."""

import threading
from dataclasses import replace

from harness.errors import HarnessError
from harness.execution.cores import CoreBudget, n_cores
from harness.execution.isolation import IsolatedFits
from harness.execution.task import Answer, Task
from harness.program.portable import ProgramSources, compile_sources
from harness.store import FORMAT, passing_failure

_BUDGET = CoreBudget(n_cores())
_FITS: dict[str, IsolatedFits] = {}
_LOCK = threading.Lock()


def perform_remotely(
    task: Task,
    sources: ProgramSources,
    *,
    time_limit_s: float | None,
    driver: str,
    version: int,
) -> Answer:
    """Perform a task on this machine, which shares no file system with the study's.

    Parameters
    ----------
    task : Task
        From another machine; its program's executable is there.
    sources : ProgramSources
        What to compile and run in its place.
    time_limit_s : float or None
        Of the fit, in seconds of wall time.
    driver : str
        Which of the processes that use the cluster asks.
    version : int
        What a stored fit means where it goes to, :data:`harness.store.FORMAT`.

    Returns
    -------
    FitContent or Failure
        That this machine has no CmdStan, or another, is a failure that is not remembered.
    """
    if version != FORMAT:
        return passing_failure("the worker has another version of the harness")
    try:
        program = compile_sources(sources)
    except (HarnessError, OSError) as error:
        return passing_failure(f"on a worker: {error}")
    return _fits(driver).perform(replace(task, program=program), time_limit_s=time_limit_s)


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

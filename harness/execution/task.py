"""The unit of work: one run, fitted in this process to the store's bytes, or to a failure."""

import dataclasses
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import FitError, HarnessError
from harness.execution.memory import StanMemory
from harness.fits.fit import Status
from harness.messages.faults import capped, unexpected
from harness.methods import Problem
from harness.program.compilation import CompiledProgram
from harness.store import Failure, FitContent, cmdstan_failure, pack, passing_failure
from harness.study.study import Run


@dataclass(frozen=True, kw_only=True)
class Task:
    """A run with all that it needs; it can be pickled for another process of this machine.

    Attributes
    ----------
    run : Run
        The method, its options and the seed.
    dataset : Dataset
        The observations.
    program : CompiledProgram
        What to run.
    key : str
        Of the fit in the store.
    """

    run: Run
    dataset: Dataset
    program: CompiledProgram
    key: str


#: What comes of a task: the fit, as the store keeps it, or why there is none.
Answer = FitContent | Failure


#: Called when what is timed of a task is over, and only its scores are left.
Tell = Callable[[], None]


def perform(
    task: Task, tell_fitted: Tell | None = None, *, memory: StanMemory | None = None
) -> Answer:
    """Fit in this process and thread.

    Parameters
    ----------
    task : Task
        What to do.
    tell_fitted : callable, optional
        Called at most once, before the end.
    memory : StanMemory, optional
        Watches the fit; for a process that does nothing else at the same time.

    Returns
    -------
    FitContent or Failure
        The fit, as the store keeps it, or why there is none.  An error that nobody expected is a
        failure too; it is the harness's own fault, not the program's, and never remembered.
    """
    try:
        with memory or nullcontext():
            return _fit(task, tell_fitted, memory)
    except FitError as error:
        return cmdstan_failure(str(error))
    except MemoryError:
        return passing_failure("out of memory")
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        return passing_failure(f"{error.strerror or error}{where}")
    except HarnessError as error:
        return passing_failure(str(error))
    except Exception as error:  # noqa: BLE001 - the other runs go on
        return passing_failure(unexpected(error))


def _fit(task: Task, tell_fitted: Tell | None, memory: StanMemory | None) -> Answer:
    """Fit, and put the fit into bytes."""
    problem, method = Problem(program=task.program, dataset=task.dataset), task.run.method

    def only_scores_are_left() -> None:
        if memory is not None:
            memory.stop()
        if tell_fitted is not None:
            tell_fitted()

    if getattr(method, "scores_last", False):
        problem = dataclasses.replace(problem, tell_fitted=only_scores_are_left)
    fit = method.fit(problem, seed=task.run.seed)
    if fit.status is not Status.OK:
        return cmdstan_failure(fit.reason, fit.status)
    warnings = tuple(map(capped, dict.fromkeys(fit.warnings)))
    peak_mb = None if memory is None else memory.peak_mb
    cost = dataclasses.replace(fit.cost, peak_memory_mb=peak_mb)
    return pack(dataclasses.replace(fit, warnings=warnings, cost=cost))

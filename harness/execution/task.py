"""The unit of work: one run, fitted in this process to the store's bytes, or to a failure."""

import dataclasses
from dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import FitError, HarnessError
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


def perform(task: Task) -> Answer:
    """Fit in this process and thread.

    Parameters
    ----------
    task : Task
        What to do.

    Returns
    -------
    FitContent or Failure
        The fit, as the store keeps it, or why there is none.  An error that nobody expected is a
        failure too; it is the harness's own fault, not the program's, and never remembered.
    """
    try:
        return _fit(task)
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


def _fit(task: Task) -> Answer:
    """Fit, and put the fit into bytes."""
    problem = Problem(program=task.program, dataset=task.dataset)
    fit = task.run.method.fit(problem, seed=task.run.seed)
    if fit.status is not Status.OK:
        return cmdstan_failure(fit.reason, fit.status)
    warnings = tuple(map(capped, dict.fromkeys(fit.warnings)))
    return pack(dataclasses.replace(fit, warnings=warnings))

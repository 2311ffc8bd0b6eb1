"""The unit of work: one run, fitted in this process, its outcome as bytes or a reason."""

from dataclasses import dataclass

from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.errors import FitError
from harness.fit import Status
from harness.methods import Problem
from harness.store import Failure, FitContent, cmdstan_failure, pack, passing_failure
from harness.study import Run


@dataclass(frozen=True, kw_only=True)
class Task:
    """A run with all that it needs.

    Attributes
    ----------
    run : Run
        The method, its options and the seed.
    dataset : Dataset
        The observations.
    program : CompiledProgram
        What to run.
    """

    run: Run
    dataset: Dataset
    program: CompiledProgram


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a task: one of the two is set.

    Attributes
    ----------
    content : FitContent or None
        The fit, as the store keeps it.
    failure : Failure or None
        Why there is none.
    """

    content: FitContent | None = None
    failure: Failure | None = None


def perform(task: Task) -> Outcome:
    """Fit in this process and thread.

    Parameters
    ----------
    task : Task
        What to do.

    Returns
    -------
    Outcome
        A failure of CmdStan or of the machine is one too.

    Raises
    ------
    HarnessError
        If the study asks for what cannot work.
    """
    problem = Problem(program=task.program, dataset=task.dataset)
    try:
        fit = task.run.method.fit(problem, seed=task.run.seed)
    except FitError as error:
        return Outcome(failure=cmdstan_failure(str(error)))
    except MemoryError:
        return Outcome(failure=passing_failure("out of memory"))
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        return Outcome(failure=passing_failure(f"{error.strerror or error}{where}"))
    if fit.status is not Status.OK:
        return Outcome(failure=cmdstan_failure(fit.reason, fit.status))
    return Outcome(content=pack(fit))

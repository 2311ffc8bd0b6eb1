"""The unit of work: one run, fitted in this process, its outcome as bytes or a reason."""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.data.dataset import Dataset
from harness.data.npy_file import RowsFile, map_rows
from harness.errors import FitError, HarnessError
from harness.fits.fit import Status
from harness.messages.faults import capped, unexpected
from harness.methods import Problem
from harness.program.compilation import CompiledProgram
from harness.store import Failure, FitContent, cmdstan_failure, pack, passing_failure
from harness.study.study import Run


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
class Parcel:
    """A task on its way to another process of this machine: rows in a file stay there.

    Attributes
    ----------
    run : Run
        As in the task.
    dataset : Dataset or None
        As in the task; None for rows in a file.
    rows : tuple of str and RowsFile, or None
        The data set's name and file.
    program : CompiledProgram
        As in the task.
    """

    run: Run
    dataset: Dataset | None
    rows: tuple[str, RowsFile] | None
    program: CompiledProgram


def wrap(task: Task) -> Parcel:
    """Make a task ready to be pickled for another process of this machine."""
    file = task.dataset.file
    return Parcel(
        run=task.run,
        dataset=task.dataset if file is None else None,
        rows=None if file is None else (task.dataset.name, file),
        program=task.program,
    )


def unwrap(parcel: Parcel) -> Task:
    """Return the task again.

    Raises
    ------
    DatasetError
        If the file of its rows is not what it was.
    """
    dataset = parcel.dataset or _mapped(*(parcel.rows or ("", None)))
    return Task(run=parcel.run, dataset=dataset, program=parcel.program)


@lru_cache(maxsize=8)
def _mapped(name: str, file: RowsFile | None) -> Dataset:
    """Map the rows of a file, once for all tasks of this process."""
    assert file is not None  # noqa: S101 - a parcel has the data set or its file
    file.check_unchanged()
    mapped = map_rows(file.path)
    assert mapped is not None  # noqa: S101 - it was mapped before
    return Dataset(name=name, rows=mapped[0], file=file)


def in_memory(dataset: Dataset) -> Dataset:
    """Return a data set with its rows in memory, for another machine."""
    if dataset.file is None:
        return dataset
    return dataclasses.replace(dataset, rows=np.array(dataset.rows), file=None)


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
        A failure of CmdStan or of the machine is one too, and so is an error that nobody
        expected; it is the harness's own fault, not the program's, and never remembered.
    """
    try:
        return _outcome(task)
    except FitError as error:
        return Outcome(failure=cmdstan_failure(str(error)))
    except MemoryError:
        return Outcome(failure=passing_failure("out of memory"))
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        return Outcome(failure=passing_failure(f"{error.strerror or error}{where}"))
    except HarnessError as error:
        return Outcome(failure=passing_failure(str(error)))
    except Exception as error:  # noqa: BLE001 - the other runs go on
        return Outcome(failure=passing_failure(unexpected(error)))


def _outcome(task: Task) -> Outcome:
    """Fit, and put the fit into bytes."""
    problem = Problem(program=task.program, dataset=task.dataset)
    fit = task.run.method.fit(problem, seed=task.run.seed)
    if fit.status is not Status.OK:
        return Outcome(failure=cmdstan_failure(fit.reason, fit.status))
    warnings = tuple(map(capped, dict.fromkeys(fit.warnings)))
    return Outcome(content=pack(dataclasses.replace(fit, warnings=warnings)))

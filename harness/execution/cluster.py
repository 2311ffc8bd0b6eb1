"""Fits on a Dask cluster that is there already; alone knows ``distributed``."""

import contextlib
import importlib
import time
import uuid
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import Any

from harness.data.dataset import Dataset
from harness.errors import HarnessError, SchedulerError
from harness.execution.cluster_worker import perform_remotely, stop_fits
from harness.execution.pool import Pool
from harness.execution.task import Answer, Task
from harness.program.compilation import CompiledProgram
from harness.program.portable import ProgramSources, gather_sources
from harness.store import FORMAT, passing_failure

_CONNECT_WITHIN = "20s"
_COUNT_THREADS_EVERY_S = 1.0


def _distributed() -> Any:
    """Import ``distributed``, which few users have."""
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise SchedulerError(
            "--scheduler needs the package 'distributed'; install 'advi-harness[dask]'"
        ) from error


class ClusterPool(Pool):
    """A cluster's workers; its scheduler sends the runs of a worker that is lost to others.

    Parameters
    ----------
    address : str
        Of the scheduler, for example ``tcp://10.0.0.1:8786``.
    time_limit_s : float or None
        For each fit, in seconds of wall time.

    Raises
    ------
    SchedulerError
        If there is no ``distributed``, or no scheduler answers.
    """

    def __init__(self, address: str, *, time_limit_s: float | None) -> None:
        self._address = address
        self._time_limit_s = time_limit_s
        self._distributed = _distributed()
        self._driver = uuid.uuid4().hex
        self._sources: dict[str, ProgramSources] = {}
        self._datasets: dict[Dataset, Dataset] = {}
        self._n_threads = 1
        self._counted_at = -_COUNT_THREADS_EVERY_S
        try:
            self._client = self._distributed.Client(
                address, timeout=_CONNECT_WITHIN, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise SchedulerError(
                f"no Dask scheduler answers at '{address}' ({error}); start one, or give the "
                "address that 'dask scheduler' printed"
            ) from error
        self._executor = self._client.get_executor(pure=False)

    def n_at_once(self) -> int:
        """Return the number of all workers' threads, which may change."""
        if time.monotonic() - self._counted_at > _COUNT_THREADS_EVERY_S:
            with contextlib.suppress(OSError):  # the future of a run tells of a lost scheduler
                self._n_threads = sum(self._client.nthreads().values())
            self._counted_at = time.monotonic()
        return max(1, self._n_threads)

    def submit(self, task: Task) -> Future[Answer]:
        """Send a task with its program's sources; see :meth:`Pool.submit`."""
        answer: Future[Answer] = Future()
        sent = self._executor.submit(
            perform_remotely,
            replace(task, dataset=self._in_memory(task.dataset)),
            self._sources_of(task.program),
            time_limit_s=self._time_limit_s,
            driver=self._driver,
            version=FORMAT,
        )
        sent.add_done_callback(lambda done: self._pass_on(done, answer))
        return answer

    def _sources_of(self, program: CompiledProgram) -> ProgramSources:
        if program.digest not in self._sources:
            self._sources[program.digest] = gather_sources(program)
        return self._sources[program.digest]

    def _in_memory(self, dataset: Dataset) -> Dataset:
        if dataset not in self._datasets:
            self._datasets[dataset] = dataset.in_memory()
        return self._datasets[dataset]

    def _pass_on(self, done: Future[Answer], answer: Future[Answer]) -> None:
        """Give what came of a task to those who wait; lost workers are a run's failure."""
        if answer.done():
            return
        try:
            answer.set_result(done.result())
        except self._distributed.scheduler.KilledWorker as error:
            reason = f"its workers were lost repeatedly: {error}"
            answer.set_result(passing_failure(reason))
        except HarnessError as error:
            answer.set_exception(error)
        except CancelledError:
            answer.set_exception(
                SchedulerError(
                    f"the Dask scheduler at '{self._address}' was lost; finished fits are stored; "
                    "the same command continues"
                )
            )
        except Exception as error:  # noqa: BLE001 - of any kind: it is raised where it is awaited
            answer.set_exception(error)

    def close(self) -> None:
        """End what is under way on the workers, then leave the cluster."""
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._executor.shutdown(wait=False)
            self._client.run(stop_fits, self._driver, on_error="ignore")
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

"""Where fits are made: one interface for this machine's threads and a cluster's."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from harness.execution.isolation import IsolatedFits
from harness.execution.task import Answer, Task, Tell, perform


class Pool(Protocol):
    """Something that performs tasks in the background."""

    def n_at_once(self) -> int:
        """Return how many tasks it works on at the same time, for now."""
        ...

    def submit(self, task: Task) -> Future[Answer]:
        """Begin a task; the future raises what :func:`harness.execution.task.perform` raises."""
        ...

    def spare(self) -> AbstractContextManager[None]:
        """Wait for a core of this machine that no task needs, and have it."""
        return nullcontext()

    def close(self) -> None:
        """End what is under way."""
        ...

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close."""
        self.close()


class LocalPool(Pool):
    """Threads of this process.

    Parameters
    ----------
    n_jobs : int
        Fits at once.
    call : callable
        What a thread does with a task, and whom it tells when only scores are left, as
        :func:`~harness.execution.task.perform` does; by default it fits in this process and tells
        nobody.  While a fit is scored, another may run beside.
    stop : callable, optional
        Ends what is under way.
    spare : callable, optional
        Waits for a core that no task needs; by default there is always one.
    """

    def __init__(
        self,
        n_jobs: int = 1,
        *,
        call: Callable[[Task, Tell], Answer] = lambda task, _: perform(task),
        stop: Callable[[], None] | None = None,
        spare: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._n_jobs = n_jobs
        self._call = call
        self._stop = stop
        self._spare = spare
        self._threads = ThreadPoolExecutor(2 * n_jobs, thread_name_prefix="fit")
        self._scored: set[object] = set()

    def n_at_once(self) -> int:
        """Return the number of fits, and of as many at most that are only scored."""
        return self._n_jobs + min(len(self._scored), self._n_jobs)

    def submit(self, task: Task) -> Future[Answer]:
        """Begin a task in a thread; see :meth:`Pool.submit`."""
        return self._threads.submit(self._perform, task)

    def _perform(self, task: Task) -> Answer:
        token = object()
        try:
            return self._call(task, partial(self._scored.add, token))
        finally:
            self._scored.discard(token)

    def spare(self) -> AbstractContextManager[None]:
        """Wait for a core; see :meth:`Pool.spare`."""
        return self._spare()

    def close(self) -> None:
        """End what is under way, and drop what has not begun."""
        if self._stop is not None:
            self._stop()
        self._threads.shutdown(wait=True, cancel_futures=True)


def local_pool(n_jobs: int, *, time_limit_s: float | None) -> LocalPool:
    """Return a pool that fits in processes of this machine, which end when it is closed.

    Parameters
    ----------
    n_jobs : int
        Fits at once, as far as there are cores.
    time_limit_s : float or None
        For each fit, in seconds of wall time.

    Returns
    -------
    LocalPool
    """
    fits = IsolatedFits()
    call = partial(fits.perform, time_limit_s=time_limit_s)
    return LocalPool(n_jobs, call=call, stop=fits.close, spare=fits.spare)

"""Fits are measured while others run, on a core that no fit needs."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.execution.run import FittedRun
from harness.study.study import Run
from harness.summary.measuring import Measuring

#: How long the end of an interrupted command waits for the measurement under way, in seconds.
_LONGEST_WAIT_S = 30.0


class Background:
    """A thread that measures fits as they come, each once its reference is there.

    What is told of a measured fit is told when the caller asks, so that no observer is called
    from another thread.

    Parameters
    ----------
    measuring : Measuring
        What measures; nobody else may use it before :meth:`finish` has ended.
    spare : callable
        Waits for a core and has it.
    """

    def __init__(
        self, measuring: Measuring, *, spare: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._measuring = measuring
        self._spare = spare
        self._incoming: queue.SimpleQueue[FittedRun | None] = queue.SimpleQueue()
        self._measured: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._is_ending = False
        self._measures = threading.Lock()
        # a daemon, so that an interrupted command does not wait for what is not measured yet
        self._thread = threading.Thread(target=self._work, name="measure", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what is not measured yet.

        What is being measured comes to its end: a thread that the interpreter's own end stops
        while it reads draws keeps the lock of the library that reads them, and the interpreter
        waits for that lock.
        """
        self._is_ending = True
        self._incoming.put(None)
        if self._measures.acquire(timeout=_LONGEST_WAIT_S):
            self._measures.release()

    def add(self, item: FittedRun) -> None:
        """Take a run, whatever came of it."""
        self._incoming.put(item)

    def news(self) -> Iterator[Run]:
        """Give the runs that were measured since the last time, without waiting."""
        with contextlib.suppress(queue.Empty):
            while True:
                run = self._measured.get_nowait()
                if run is not None:
                    yield run

    def finish(self) -> Iterator[Run]:
        """Measure what is left; give each run that was added when it is measured.

        Raises
        ------
        Exception
            What ended the thread, if that was no fit's fault.
        """
        self._incoming.put(None)
        while (run := self._measured.get()) is not None:
            yield run
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        """Measure until there is no more.

        At everybody's priority: on a busy machine a lower one would starve whoever waits for the
        interpreter's lock, the end of an interrupted command included.
        """
        try:
            # one thread, so that results are the same on any number of cores
            with threadpool_limits(limits=1):
                self._take_all()
        except BaseException as error:  # noqa: BLE001 - it is raised where the thread is awaited
            self._error = error
        finally:
            self._measured.put(None)

    def _take_all(self) -> None:
        later: list[FittedRun] = []
        while (item := self._incoming.get()) is not None:
            later = self._take_ready([*later, item])
        for item in later:  # their references have not come
            self._take(item)

    def _take_ready(self, items: list[FittedRun]) -> list[FittedRun]:
        """Measure those whose reference is there; return the others."""
        while ready := [item for item in items if self._measuring.is_ready(item)]:
            items = [item for item in items if item not in ready]
            for item in ready:
                self._take(item)
        return items

    def _take(self, item: FittedRun) -> None:
        with self._spare(), self._measures:
            if self._is_ending:
                return
            self._measuring.take(item)
        self._measured.put(item.run)

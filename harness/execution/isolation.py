"""Fit in processes of one's own, which can be ended with all that they have started."""

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from harness.execution.cores import CoreBudget, cores_of, n_cores
from harness.execution.task import Answer, Task, Tell
from harness.execution.worker_process import FITTED, READY
from harness.store import passing_failure


class _Worker:
    """A process of :mod:`harness.execution.worker_process`, in a process group of its own.

    It has a folder for temporary files of its own, which goes with it.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="harness-worker-"))
        environment = {
            **os.environ,
            "TMPDIR": str(self._folder),
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.execution.worker_process", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=environment,
        )
        self._is_late = False
        self._is_ready = False
        self._has_ended = False
        self._ending = threading.Lock()

    def call(self, task: Task, time_limit_s: float | None, tell_fitted: Tell | None) -> Answer:
        """Perform a task there; after the time limit the process is killed."""
        arrays: list[pickle.PickleBuffer] = []
        content = pickle.dumps(task, protocol=5, buffer_callback=arrays.append)
        try:
            if not self._is_ready:
                self._is_ready = self._receive() == READY
            timer = threading.Timer(time_limit_s or 0, self._end_late)
            timer.daemon = True
            if time_limit_s is not None:
                timer.start()
            try:
                self._send(content, [array.raw() for array in arrays])
                while (answer := self._receive()) == FITTED:
                    if tell_fitted is not None:
                        tell_fitted()
            finally:
                timer.cancel()
        except (EOFError, OSError, pickle.UnpicklingError):
            return passing_failure(self._why_gone(time_limit_s))
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)  # noqa: S101 - the protocol
        return answer

    def _send(self, content: bytes, arrays: Sequence[memoryview]) -> None:
        """Send a task; its arrays follow as they are, without a copy of them in between."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        pickle.dump((content, [array.nbytes for array in arrays]), self._process.stdin)
        for array in arrays:
            self._process.stdin.write(array)
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        return pickle.load(self._process.stdout)  # noqa: S301

    def _end_late(self) -> None:
        self._is_late = True
        self.end()

    def _why_gone(self, time_limit_s: float | None) -> str:
        """Say why the process ended in the middle of a task."""
        self.end()
        if self._is_late:
            return f"stopped after {time_limit_s:g} s, the time limit"
        code = self._process.returncode
        if code < 0:
            name = signal.Signals(-code).name
            return f"its process was killed by {name}; if the system killed it, memory was short"
        return f"its process ended with code {code}"

    @property
    def is_alive(self) -> bool:
        """Whether it can take another task."""
        return self._process.poll() is None

    def close(self) -> None:
        """Close the pipes of a process that has ended, when nobody reads from them."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a task that was not sent whole
                    pipe.close()

    def end(self) -> None:
        """Kill the process and all that it has started, and remove its temporary files."""
        with self._ending:
            if not self._has_ended:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                shutil.rmtree(self._folder, ignore_errors=True)
                self._has_ended = True


class IsolatedFits:
    """Performs tasks in processes of their own, never with more Stan processes than cores.

    Parameters
    ----------
    budget : CoreBudget, optional
        Shared with others; all cores by default.
    """

    def __init__(self, budget: CoreBudget | None = None) -> None:
        self._budget = budget or CoreBudget(n_cores())
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._is_closed = False

    def perform(
        self, task: Task, tell_fitted: Tell | None = None, *, time_limit_s: float | None = None
    ) -> Answer:
        """Perform a task, as :func:`harness.execution.task.perform` does, in another process.

        Parameters
        ----------
        task : Task
            What to do.
        tell_fitted : callable, optional
            Called when what is timed of it is over; it keeps one core for its scores.
        time_limit_s : float, optional
            Wall time after which the process and CmdStan's are killed, in seconds.

        Returns
        -------
        FitContent or Failure
            A process that was killed is a failure that is not remembered.
        """
        with self._budget.take(cores_of(task.run.method, n_cores())):
            worker = self._borrow()
            if worker is None:
                return passing_failure("interrupted")
            try:
                return worker.call(task, time_limit_s, tell_fitted)
            finally:
                self._give_back(worker)

    def spare(self) -> AbstractContextManager[None]:
        """Wait for a core that no task needs, and have it."""
        return self._budget.take(1)

    @property
    def is_busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._busy)

    def _borrow(self) -> _Worker | None:
        """Return a process that waits, or a new one; None after the end."""
        with self._lock:
            if self._is_closed:
                return None
            worker = self._idle.pop() if self._idle else _Worker()
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.is_alive and not self._is_closed:
                self._idle.append(worker)
                return
        worker.end()
        worker.close()

    def close(self) -> None:
        """Kill all processes; tasks under way end as failures."""
        with self._lock:
            self._is_closed = True
            idle, busy = list(self._idle), list(self._busy)
            self._idle.clear()
        for worker in [*idle, *busy]:
            worker.end()
        for worker in idle:  # threads that wait for an answer close their own
            worker.close()

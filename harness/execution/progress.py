"""How far a study is: what runs, and an estimate of the time left."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.study.study import Run


class Progress:
    """What is known of a study under way.

    The time left is that of the fits that are left, each taken to last as long as those of its
    cell did, stored ones included, or else of its data set and method, or else of all.

    Parameters
    ----------
    n_runs : int
        All runs of the study.
    n_at_once : int
        Fits at once.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, n_runs: int, *, n_at_once: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.n_runs = n_runs
        self.n_finished = 0
        self._n_at_once = n_at_once
        self._clock = clock
        self._started: dict[Run, float] = {}
        self._left: Counter[tuple[str, ...]] = Counter()
        self._times: dict[tuple[str, ...], tuple[int, float]] = {}

    @property
    def running(self) -> tuple[Run, ...]:
        """What is being fitted."""
        return tuple(self._started)

    def plan(self, to_fit: Iterable[Run]) -> None:
        """Take note of the runs that need a fit."""
        self._left.update(_groups(run)[0] for run in to_fit)

    def start(self, run: Run) -> None:
        """Take note that a fit begins."""
        self._started[run] = self._clock()

    def finish(self, run: Run, *, status: Status, stored_time_s: float | None = None) -> None:
        """Take note that a run is settled.

        Parameters
        ----------
        run : Run
            Which one.
        status : Status
            How it ended; only good fits tell how long others take.
        stored_time_s : float, optional
            How long a stored fit took.
        """
        self.n_finished += 1
        begun = self._started.pop(run, None)
        if begun is not None:
            self._left[_groups(run)[0]] -= 1
        lasted_s = stored_time_s if begun is None else self._clock() - begun
        if status is Status.OK and lasted_s is not None:
            for group in _groups(run):
                n, total_s = self._times.get(group, (0, 0.0))
                self._times[group] = (n + 1, total_s + lasted_s)

    def time_left_s(self) -> float | None:
        """Return an estimate in seconds, or None while nothing is known."""
        left = {cell: n for cell, n in self._left.items() if n > 0}
        if not left:
            return 0.0
        if not self._times:
            return None
        now = self._clock()
        total_s = sum(n * self._expected_s(cell) for cell, n in left.items())
        for run, begun in self._started.items():
            total_s -= min(now - begun, self._expected_s(_groups(run)[0]))
        return max(0.0, total_s) / min(self._n_at_once, sum(left.values()))

    def _expected_s(self, cell: tuple[str, ...]) -> float:
        """Return the mean time of the runs that are most like those of a cell."""
        for group in _likenesses(cell):
            if group in self._times:
                n, total_s = self._times[group]
                return total_s / n
        return 0.0


def _likenesses(cell: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return what a cell may be compared with, the most alike first."""
    dataset, _, method, _ = cell
    return (cell, (dataset, method), ())


def _groups(run: Run) -> tuple[tuple[str, ...], ...]:
    """Return the groups that a run belongs to, its cell first."""
    return _likenesses((run.dataset, run.program, run.method.name, run.variant))


class Pace:
    """Lets a line through now and then: the first at once, then one in so many seconds.

    Parameters
    ----------
    every_s : float
        Seconds between lines.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, every_s: float = 10.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_s = every_s
        self._clock = clock
        self._last: float | None = None

    def is_due(self) -> bool:
        """Whether it is time for a line; if so, the next is due in so many seconds."""
        now = self._clock()
        if self._last is not None and now - self._last < self._every_s:
            return False
        self._last = now
        return True


def compiling_line(programs: Sequence[str], elapsed_s: float) -> str:
    """Say what is being compiled, and for how long."""
    return f"compiling {', '.join(programs)} ({time_text(elapsed_s)})"


def time_text(seconds: float | None) -> str:
    """Write a time as a reader of a progress bar wants it."""
    if seconds is None:
        return "?"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def outcome_line(item: FittedRun, *, again: str) -> str:
    """Say in one line how a run ended.

    Parameters
    ----------
    item : FittedRun
        The run, and what came of it.
    again : str
        What tries a known failure again.

    Returns
    -------
    str
    """
    run, fit = item.run, item.fit
    if fit.status is not Status.OK:
        earlier = f" (earlier; {again} tries again)" if item.from_store else ""
        return f"{fit.status}: {run.label}: {fit.reason}{earlier}"
    took = "" if fit.fit_time_s is None else f"{fit.fit_time_s:.1f} s"
    return f"{run.label}: {'stored' if item.from_store else took}"

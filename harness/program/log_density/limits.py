"""How long a density may take: until a time of the clock, and in CPU time of its own process."""

import math
import select
import sys
import time
from dataclasses import dataclass

#: The shortest wait before CPU time is looked at again.
_LEAST_WAIT_S = 0.01


class OutOfTimeError(Exception):
    """The budget of time is used up; whoever set it has the best so far."""


class TooDearError(Exception):
    """An evaluation has taken more CPU time than it was given; nothing is known of its point."""


@dataclass
class Limits:
    """When to stop waiting for a density.

    Attributes
    ----------
    until : float
        By ``time.perf_counter``.
    cpu_until : float
        By the process's own clock.
    """

    until: float = math.inf
    cpu_until: float = math.inf


def cpu_time(pid: int) -> float:
    """Return the seconds of CPU time that a process has used.

    Where other processes' clocks cannot be read it is the clock's time, which runs no slower.
    """
    if not sys.platform.startswith("linux"):
        return time.perf_counter()
    return time.clock_gettime(~pid << 3 | 2)  # Linux's name of another process's CPU time


def await_answer(pipe: int, pid: int, limits: Limits) -> None:
    """Wait until there is something to read.

    Parameters
    ----------
    pipe : int
    pid : int
        Of the process that writes there.
    limits : Limits

    Raises
    ------
    OutOfTimeError, TooDearError
        If a limit is reached before.
    """
    if math.isinf(limits.until) and math.isinf(limits.cpu_until):
        return
    ready = select.poll()
    ready.register(pipe, select.POLLIN)
    while True:
        left_s = limits.until - time.perf_counter()
        cpu_left_s = math.inf
        if math.isfinite(limits.cpu_until):
            cpu_left_s = limits.cpu_until - cpu_time(pid)
        wait_s = max(_LEAST_WAIT_S, min(left_s, cpu_left_s))
        if ready.poll(math.ceil(1000 * wait_s)):
            return
        if left_s <= wait_s:
            raise OutOfTimeError
        if cpu_left_s <= 0:
            raise TooDearError

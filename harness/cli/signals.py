"""SIGTERM ends a command with the same cleanup as Ctrl-C."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The same signal again within so many seconds (`timeout` sends it twice) is the same wish, and
#: does not interrupt the clean-up.
_AT_ONCE_S = 2.0


class TerminatedError(KeyboardInterrupt):
    """The process was asked to end, by SIGTERM.

    A kind of Ctrl-C, so that whatever cleans up after one cleans up after the other.
    """


@contextmanager
def terminated_in_order() -> Iterator[None]:
    """Turn SIGTERM into :class:`TerminatedError` while the context lasts.

    A process that ignores the signal, or has another use for it, keeps to that; outside of the main
    thread, where Python lets nobody take signals, nothing changes.
    """
    last = -math.inf

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal last
        is_repeated = time.monotonic() - last < _AT_ONCE_S
        last = time.monotonic()
        if not is_repeated:
            raise TerminatedError

    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if is_ours:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

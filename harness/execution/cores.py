"""A budget of cores, so that there are never more Stan processes than cores."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from harness.methods import Method


def n_cores() -> int:
    """Return the number of cores, as NUTS counts them for its chains."""
    return os.cpu_count() or 1


def cores_of(method: Method, n_available: int) -> int:
    """Return how many Stan processes a method has at once: as many as chains, as cores allow."""
    return max(1, min(int(getattr(method, "n_chains", 1)), n_available))


class CoreBudget:
    """A semaphore with weights, first come first served, so that no large taker starves.

    Parameters
    ----------
    n_total : int
        What all takers together may have.
    """

    def __init__(self, n_total: int) -> None:
        self._n_free = self._n_total = n_total
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, n: int) -> Iterator[None]:
        """Wait for cores and have them; more than there are count as all."""
        n = min(n, self._n_total)
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                self._changed.wait_for(lambda: self._queue[0] is ticket and self._n_free >= n)
                self._n_free -= n
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._n_free += n
                self._changed.notify_all()

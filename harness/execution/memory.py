"""How much memory Stan's processes hold during a fit, where Linux tells."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_PROC = Path("/proc")
#: Time between two looks in seconds: at first, and at most; a long fit is looked at less often.
_FIRST_S, _LONGEST_S = 0.02, 0.2
_GROWTH = 1.1


class StanMemory:
    """Watches the processes that this one has started, from entry until :meth:`stop`.

    What counts are processes of other executables than this one's, Stan's in a process that does
    nothing but fit: of each the largest resident size so far, of all that run at once the sum.
    """

    def __init__(self) -> None:
        self._peak_kb = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """End."""
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    @property
    def peak_mb(self) -> float | None:
        """The largest memory so far in MB (10**6 bytes); None if no process was seen."""
        return self._peak_kb * 1024 / 1e6 or None

    def _watch(self) -> None:
        wait_s = _FIRST_S
        while not self._stopped.wait(wait_s):
            held = sum(_peak_kb(pid) for pid in _descendants(os.getpid()))
            self._peak_kb = max(self._peak_kb, held)
            wait_s = min(_GROWTH * wait_s, _LONGEST_S)


def _descendants(pid: int) -> Iterator[int]:
    """Give the processes that a process has started, and those that these have started."""
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return
    for thread in threads:
        for child in _read(thread / "children").split():
            yield int(child)
            yield from _descendants(int(child))


def _peak_kb(pid: int) -> int:
    """Return the largest resident size of a process in kB; 0 if it is gone, or a copy of this."""
    folder = _PROC / str(pid)
    try:
        if (folder / "exe").readlink() == (_PROC / "self" / "exe").readlink():
            return 0  # on its way from this executable to another
    except OSError:
        return 0
    lines = _read(folder / "status").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _read(file: Path) -> str:
    """Return what a file of the system says, nothing if it is gone."""
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""

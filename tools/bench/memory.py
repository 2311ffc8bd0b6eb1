"""How much memory processes hold, where Linux tells."""

import contextlib
import os
import re
from pathlib import Path

_PROC = Path("/proc")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def resident_mb(session: int) -> list[float]:
    """Return the resident size of all processes of a session, in MB (10**6 bytes).

    Parameters
    ----------
    session : int
        The session's id, which is that of the process that began it.

    Returns
    -------
    list of float
        One number; none where there is no ``/proc``.
    """
    if not (_PROC / "self" / "stat").is_file():
        return []
    pages = sum(_pages(folder, session) for folder in _PROC.iterdir() if folder.name.isdigit())
    return [pages * os.sysconf("SC_PAGE_SIZE") / 1e6]


def _pages(process: Path, session: int) -> int:
    """Return the resident pages of a process, 0 if it is gone or of another session."""
    try:
        # behind the name, which stands in parentheses and may have spaces
        fields = (process / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    values = fields.rpartition(")")[2].split()
    return int(values[21]) if int(values[3]) == session else 0


def peak_resident_mb() -> float | None:
    """Return the largest resident size of this process since :func:`reset_peak`, in MB.

    None where there is no ``/proc`` that tells.
    """
    try:
        status = (_PROC / "self" / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = _PEAK.search(status)
    return int(found[1]) * 1024 / 1e6 if found else None


def reset_peak() -> None:
    """Forget earlier peaks of this process, where that can be done."""
    with contextlib.suppress(OSError):
        (_PROC / "self" / "clear_refs").write_text("5", encoding="ascii")

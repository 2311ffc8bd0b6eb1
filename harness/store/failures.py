"""Failures: which are remembered, since the same run would fail again, and which may pass."""

import re
import shutil
import tempfile
from dataclasses import dataclass

from pydantic import TypeAdapter

from harness.fits.fit import Status

#: Causes outside of the program, its data and its seed, as CmdStan and the system word them.
_PASSING = re.compile(
    r"no space left|disk quota|file too large|read-only file system|input/output error"
    r"|cannot allocate|out of memory|memoryerror|bad_alloc|resource temporarily unavailable"
    r"|too many open files|text file busy|stale file handle|permission denied"
    r"|\bkilled\b|terminated by|signal (?:2|9|15)\b|code -(?:2|9|15|24|25)\b",
    re.IGNORECASE,
)

#: With less room than this for CmdStan's files, the disk is to blame for whatever went wrong.
_LOW_DISK_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run gave no fit.

    Attributes
    ----------
    reason : str
        One line.
    lasting : bool
        Whether the same run would fail again: CmdStan's seed decides it.  Other failures, a full
        disk, a killed process, a time limit, may have passed by the next time.
    status : Status
        Failed or not applicable.
    """

    reason: str
    lasting: bool
    status: Status = Status.FAILED


@dataclass(frozen=True, kw_only=True)
class FailureRecord:
    """A lasting failure as the store keeps it.

    Attributes
    ----------
    reason : str
        One line.
    run : str
        The run's label.
    created : str
        When, in UTC, ISO 8601.
    status : Status
        Failed or not applicable.
    """

    reason: str
    run: str
    created: str
    status: Status


FAILURE_RECORDS = TypeAdapter(FailureRecord)


def cmdstan_failure(reason: str, status: Status = Status.FAILED) -> Failure:
    """Judge by its words whether a failure of CmdStan would come again.

    Parameters
    ----------
    reason : str
        What CmdStan and the system said.
    status : Status
        Failed or not applicable.

    Returns
    -------
    Failure
        Lasting, unless the machine was to blame.
    """
    one_line = " ".join(reason.split())
    may_pass = _PASSING.search(one_line) is not None or _is_disk_low()
    return Failure(reason=one_line, lasting=not may_pass, status=status)


def passing_failure(reason: str) -> Failure:
    """Return a failure that is never remembered."""
    return Failure(reason=" ".join(reason.split()), lasting=False)


def _is_disk_low() -> bool:
    """Whether there is hardly any room for temporary files."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free < _LOW_DISK_BYTES
    except OSError:
        return True

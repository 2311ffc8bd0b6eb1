"""The other way to a CmdStan: cmdstanpy's own installer, which downloads and builds a release."""

import contextlib
import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy

from harness.cmdstan.home import silent
from harness.cmdstan.toolchain import check_tools, jobs
from harness.errors import CmdStanBuildError

if TYPE_CHECKING:
    import cmdstanpy
else:
    cmdstanpy = lazy.load("cmdstanpy")


class _Lines(io.TextIOBase):
    """A text stream that hands on whole lines."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._report(line.strip())
        return len(text)


class _Warnings(logging.Handler):
    """Keeps what cmdstanpy warns of: its installer says there why it failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def install_release(report: Callable[[str], None] = silent) -> Path:
    """Install the newest CmdStan release where cmdstanpy keeps its own.

    Parameters
    ----------
    report
        Told each line that the installer prints.

    Returns
    -------
    Path
        The release's folder.

    Raises
    ------
    ToolchainError
        The compiler or make is missing.
    CmdStanBuildError
        The download or the build failed.
    """
    check_tools()
    warnings = _Warnings()
    logger = logging.getLogger("cmdstanpy")
    logger.addHandler(warnings)
    named = os.environ.get("CMDSTAN")
    try:
        with contextlib.redirect_stdout(_Lines(report)):
            done = cmdstanpy.install_cmdstan(progress=False, cores=jobs())
    except (OSError, SystemExit) as error:
        raise _failure(str(error)) from error
    finally:
        logger.removeHandler(warnings)
    if not done:
        raise _failure(" ".join(warnings.messages))
    path = Path(os.environ["CMDSTAN"])
    if named is None:
        del os.environ["CMDSTAN"]
    else:
        os.environ["CMDSTAN"] = named
    return path


def _failure(said: str) -> CmdStanBuildError:
    reason = " ".join(said.split()) or "cmdstanpy's installer did not say why"
    return CmdStanBuildError(
        f"the CmdStan release was not installed: {reason}; "
        "if releases cannot be downloaded, harness cmdstan install builds a home from wheels"
    )

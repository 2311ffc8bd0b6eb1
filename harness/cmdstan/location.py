"""Which CmdStan is used, and why."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import lazy_loader as lazy

from harness.cmdstan.build import Beside
from harness.cmdstan.home import home_path, install_home, is_complete, silent
from harness.errors import CmdStanMissingError

if TYPE_CHECKING:
    import cmdstanpy
else:
    cmdstanpy = lazy.load("cmdstanpy")

Origin = Literal["environment", "cmdstanpy", "home"]
_VERSION = re.compile(r"^CMDSTAN_VERSION := (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class CmdStanLocation:
    """A CmdStan: its folder, its version, where it was found, and why it is the one."""

    path: Path
    version: str
    origin: Origin
    reason: str


def find_cmdstan() -> CmdStanLocation | None:
    """Find the CmdStan to use: ``$CMDSTAN``, else cmdstanpy's own, else the wheel-built home.

    Returns
    -------
    CmdStanLocation or None
        None where there is none yet; :func:`ensure_cmdstan` then builds the home.

    Raises
    ------
    CmdStanMissingError
        ``$CMDSTAN`` is set to something that is no built CmdStan.
    """
    named = os.environ.get("CMDSTAN")
    if named:
        return _named(Path(named))
    own = cmdstanpy_default()
    if own is not None and lacks(own) is None:
        return _location(own, "cmdstanpy", "it is cmdstanpy's own and $CMDSTAN is not set")
    if is_complete(home_path()):
        return _location(
            home_path(), "home", "$CMDSTAN is not set and cmdstanpy has no built CmdStan of its own"
        )
    return None


def ensure_cmdstan(
    progress: Callable[[str], None] = silent, beside: Beside | None = None
) -> CmdStanLocation:
    """Find the CmdStan to use, and build the home if there is none.

    Parameters
    ----------
    progress
        Told of each step of a build.
    beside
        What is compiled while a home is built.

    Raises
    ------
    HarnessError
        As :func:`find_cmdstan` and :func:`harness.cmdstan.home.install_home`.
    """
    found = find_cmdstan()
    if found is not None:
        return found
    return _location(
        install_home(progress, beside), "home", "it was built now, because there was no CmdStan"
    )


def cmdstanpy_default() -> Path | None:
    """Return cmdstanpy's own newest CmdStan (in ``~/.cmdstan``), built or not, if there is one."""
    folder = Path.home() / cmdstanpy._DOT_CMDSTAN
    if not folder.is_dir():
        return None
    newest = cmdstanpy.utils.get_latest_cmdstan(str(folder))
    return None if newest is None else folder / newest


def lacks(path: Path) -> str | None:
    """Return what a folder lacks of a built CmdStan, in a few words; None if nothing."""
    if not path.is_dir():
        return "it does not exist"
    if not (path / "makefile").is_file():
        return "it has no makefile"
    if version_of(path) is None:
        return "its makefile names no CMDSTAN_VERSION"
    if not (path / "bin" / "stanc").is_file():
        return "it has no bin/stanc"
    return None


def version_of(path: Path) -> str | None:
    """Read a CmdStan's version from its makefile."""
    found = _VERSION.search((path / "makefile").read_text(encoding="utf-8", errors="replace"))
    return None if found is None else found[1]


def _named(path: Path) -> CmdStanLocation:
    """Return the CmdStan that the environment names, or say what is wrong with it."""
    lack = lacks(path)
    if lack is not None:
        raise CmdStanMissingError(
            f"$CMDSTAN is '{path}', which is not a built CmdStan: {lack}; "
            "set it to a CmdStan's folder, or unset it to use the home"
        )
    return _location(path, "environment", "$CMDSTAN names it")


def _location(path: Path, origin: Origin, reason: str) -> CmdStanLocation:
    return CmdStanLocation(path, version_of(path) or "unknown", origin, reason)

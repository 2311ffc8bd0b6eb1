"""The programs that compile Stan models, and the room that they need."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DiskSpaceError, ToolchainError

HOME_BYTES = 1_300_000_000
"""Free disk, in bytes, below which a home is not begun: what it takes, and some room for models."""
_MEMORY_PER_JOB = 1_500_000_000


@dataclass(frozen=True)
class Tool:
    """A program on the PATH: what it was asked for as, where it is, and its version line."""

    name: str
    path: Path
    version: str


def compiler_name() -> str:
    """Return the C++ compiler's name as the makefile takes it: ``$CXX``, else the default."""
    default = "clang++" if platform.system() == "Darwin" else "g++"
    return os.environ.get("CXX") or default


def make_name() -> str:
    """Return make's name as cmdstanpy takes it: ``$MAKE``, else ``make``."""
    return os.environ.get("MAKE") or "make"


def read_first(lines: Sequence[str], folder: Path) -> dict[str, str]:
    """Write lines of a makefile that is read before CmdStan's and before the user's ``make/local``.

    Parameters
    ----------
    lines
        What it says.
    folder
        Where it is kept.

    Returns
    -------
    dict
        The environment in which make reads it: further makefiles of the command line would replace
        CmdStan's.
    """
    makefile = folder / "harness.mk"
    makefile.write_text("\n".join([*lines, ""]))
    return {"MAKEFILES": f"{os.environ.get('MAKEFILES', '')} {makefile}".strip()}


def find_tool(command: str) -> Tool | None:
    """Find a program and ask for its version.

    Parameters
    ----------
    command
        Its name; of several words (``ccache g++``) the first is looked up.

    Returns
    -------
    Tool or None
        None where it is missing or does not answer.
    """
    words = command.split()
    path = shutil.which(words[0]) if words else None
    if path is None:
        return None
    try:
        done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Tool(command, Path(path), done.stdout.splitlines()[0] if done.stdout else "")


def missing_tools() -> list[str]:
    """Return one line of advice for each of compiler and make that is missing."""
    apple = platform.system() == "Darwin"
    advice = []
    for what, name, package, variable in (
        ("C++ compiler", compiler_name(), "g++", "CXX"),
        ("program", make_name(), "make", "MAKE"),
    ):
        if find_tool(name) is None:
            remedy = "xcode-select --install" if apple else f"apt-get install {package}"
            advice.append(
                f"the {what} '{name}' is missing; install it ({remedy}) "
                f"or name another in ${variable}"
            )
    return advice


def check_tools() -> None:
    """Check that a compiler and make are there.

    Raises
    ------
    ToolchainError
        One of them is missing; the message says how to install it.
    """
    advice = missing_tools()
    if advice:
        raise ToolchainError(advice[0])


def free_bytes(folder: Path) -> int:
    """Return the free disk, in bytes, where a folder is or would be made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def check_disk(folder: Path, needed: int = HOME_BYTES) -> None:
    """Check that a home fits.

    Raises
    ------
    DiskSpaceError
        Less than ``needed`` bytes are free; the message says how much is and what to do.
    """
    free = free_bytes(folder)
    if free < needed:
        raise DiskSpaceError(
            f"{folder} has {free / 1e9:.1f} GB free and a CmdStan home needs "
            f"{needed / 1e9:.1f} GB; free some space, or set XDG_CACHE_HOME to a folder on a "
            "larger disk"
        )


def jobs() -> int:
    """Return how many files to compile at once: one per processor while memory lasts, at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(processors, memory // _MEMORY_PER_JOB, 8))

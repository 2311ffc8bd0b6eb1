"""Compiling a home: `make build`, followed line by line."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.cmdstan.guarded import GuardedCommands
from harness.cmdstan.toolchain import jobs, make_name, read_first
from harness.errors import CmdStanBuildError, DiskSpaceError

_COMPILING = re.compile(r"--- Compiling (?:driver/)?(?:tools/)?(\S+) ---")
_PART = re.compile(r'^#include "(\w+\.cpp)"', re.MULTILINE)
_ERROR = re.compile(r"(?:error|\*\*\*|not found|No such file)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """C++ that is no part of a home, and is compiled while the home is.

    The precompiled header comes before most of a home and takes one processor.

    Attributes
    ----------
    source, target : Path
        The file, and its object in a folder whose path make takes.
    """

    source: Path
    target: Path

    @property
    def lines(self) -> tuple[str, ...]:
        """A makefile's lines that compile it by a home's own rules."""
        told = f"\t@echo '--- Compiling {self.source.name} ---'"
        return (f"{self.target}: {self.source}", told, "\t@$(COMPILE) -c -o $@ $<")


def compile_home(
    home: Path, log: Path, report: Callable[[str], None], beside: Beside | None = None
) -> None:
    """Compile the driver, the precompiled header and the tools of a laid-out home.

    Parameters
    ----------
    home
        The folder with the makefile.
    log
        Where make's whole output goes.
    report
        Told of each file as its compilation begins.
    beside
        What else is compiled meanwhile.

    Raises
    ------
    CmdStanBuildError
        A file does not compile; the message names the first error and the log.
    DiskSpaceError
        The disk ran full.
    """
    told = _Told(n_steps(home) + (beside is not None), report)
    command = [make_name(), f"-j{jobs()}", "build"]
    environment = {}
    if beside is not None:
        command.insert(2, str(beside.target))  # first, since it takes longest but for the header
        environment = read_first(beside.lines, beside.target.parent)
    code, output = GuardedCommands().run(command, folder=home, environment=environment, take=told)
    log.write_text("".join(output), encoding="utf-8")
    if code != 0:
        raise _failure(output, home, log)


def n_steps(home: Path) -> int:
    """Return how many files `make build` compiles in a fresh home."""
    driver = home / "driver"
    included = [
        name
        for unit in driver.glob("unit_*.cpp")
        for name in _PART.findall(unit.read_text("utf-8"))
    ]
    files = [*driver.glob("*.cpp"), *driver.glob("tools/*.cpp"), *driver.glob("*_prefix.hpp")]
    return len(files) - len(included)


class _Told:
    """Reports each file that make begins to compile.

    Parameters
    ----------
    total : int
        How many there are.
    report : callable
        Told of each.
    """

    def __init__(self, total: int, report: Callable[[str], None]) -> None:
        self._total = total
        self._report = report
        self._n_begun = 0

    def __call__(self, line: str) -> None:
        """Take a line of make's."""
        found = _COMPILING.match(line)
        if found:
            self._n_begun += 1
            self._report(f"compiling {self._n_begun}/{self._total}: {found[1]}")


def _failure(output: list[str], home: Path, log: Path) -> CmdStanBuildError | DiskSpaceError:
    """Make one line of advice out of what make said."""
    text = "".join(output)
    if "No space left on device" in text:
        return DiskSpaceError(
            f"the disk was full when the CmdStan home was compiled in {home.parent}; free some "
            "space, or set XDG_CACHE_HOME (or TMPDIR, if that disk is full) to a larger disk"
        )
    if "Killed signal" in text:
        return CmdStanBuildError(
            "the compiler was killed, most likely because memory was short; end other programs and "
            "run harness cmdstan install again"
        )
    first = next((line.strip() for line in output if _ERROR.search(line)), "make failed")
    return CmdStanBuildError(
        f"the CmdStan home does not compile: {first} (all of make's output: {log}); "
        "fix this and run harness cmdstan install again"
    )

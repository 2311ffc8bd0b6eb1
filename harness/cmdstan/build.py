"""Compiling a home: `make build`, followed line by line."""

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.cmdstan.toolchain import jobs, make_name
from harness.errors import CmdStanBuildError, DiskSpaceError

_COMPILING = re.compile(r"--- Compiling (?:driver/)?(?:tools/)?(\S+) ---")
_ERROR = re.compile(r"(?:error|\*\*\*|not found|No such file)", re.IGNORECASE)

# Starts the command and ends its whole process group as soon as standard input closes: that is when
# this process dies, however it dies.  Without it, a killed install leaves compilers running.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
work=$!
(cat <&3 >/dev/null; kill -KILL 0) >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$work"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
"""


def compile_home(home: Path, log: Path, report: Callable[[str], None]) -> None:
    """Compile the driver, the precompiled header and the tools of a laid-out home.

    Parameters
    ----------
    home
        The folder with the makefile.
    log
        Where make's whole output goes.
    report
        Told of each file as its compilation begins.

    Raises
    ------
    CmdStanBuildError
        A file does not compile; the message names the first error and the log.
    DiskSpaceError
        The disk ran full.
    """
    command = [make_name(), f"-j{jobs()}", "build"]
    with subprocess.Popen(
        ["sh", "-c", _GUARD, "sh", *command],
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        if process.stdout is None:
            raise CmdStanBuildError("make's output cannot be read")
        try:
            output = _follow(process.stdout, n_steps(home), report)
        finally:
            if process.stdin is not None:
                process.stdin.close()
        code = process.wait()
    log.write_text("".join(output), encoding="utf-8")
    if code != 0:
        raise _failure(output, home, log)


def n_steps(home: Path) -> int:
    """Return how many files `make build` compiles in a fresh home."""
    driver = home / "driver"
    return len([*driver.glob("*.cpp"), *driver.glob("tools/*.cpp"), *driver.glob("*_prefix.hpp")])


def _follow(lines: Iterable[str], total: int, report: Callable[[str], None]) -> list[str]:
    """Report each file that make begins to compile; return all lines."""
    output = []
    begun = 0
    for line in lines:
        output.append(line)
        found = _COMPILING.match(line)
        if found:
            begun += 1
            report(f"compiling {begun}/{total}: {found[1]}")
    return output


def _failure(output: list[str], home: Path, log: Path) -> CmdStanBuildError | DiskSpaceError:
    """Make one line of advice out of what make said."""
    text = "".join(output)
    if "No space left on device" in text:
        return DiskSpaceError(
            f"the disk ran full while the CmdStan home was compiled in {home.parent}; free some, "
            "or set XDG_CACHE_HOME (or TMPDIR, if that is the full one) to a larger disk"
        )
    if "Killed signal" in text:
        return CmdStanBuildError(
            "the compiler was killed, most likely for want of memory; end other programs and run "
            "harness cmdstan install again"
        )
    first = next((line.strip() for line in output if _ERROR.search(line)), "make failed")
    return CmdStanBuildError(
        f"the CmdStan home does not compile: {first} (all of make's output: {log}); "
        "mend that and run harness cmdstan install again"
    )

"""CmdStan's makefile, called with a few lines of one's own before it."""

import os
from collections.abc import Sequence
from pathlib import Path

from harness.cmdstan.guarded import GuardedCommands
from harness.cmdstan.toolchain import read_first


def run_make(
    target: Path,
    *settings: str,
    cmdstan: Path,
    commands: GuardedCommands,
    options: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> str | None:
    """Make a target in a folder whose path is plain.

    A compiler that is killed leaves its temporary files behind, so they lie beside the target.

    Parameters
    ----------
    target : Path
        What to make.
    *settings : str
        Variables of the command line.
    cmdstan : Path
        The CmdStan whose makefile is used.
    commands : GuardedCommands
        Runs make, and may end it.
    options : sequence of str
        Options of make itself.
    lines : sequence of str
        Lines of a makefile that is read before CmdStan's and before the user's ``make/local``.

    Returns
    -------
    str or None
        The first error; None if there is none.
    """
    folder = target.parent
    environment = {"TMPDIR": str(folder)}
    if lines:
        environment |= read_first(lines, folder)
    command = [os.environ.get("MAKE", "make"), *options, *settings, str(target)]
    code, output = commands.run(command, folder=cmdstan, environment=environment)
    return None if code == 0 else _first_error([line for line in output if line.strip()])


def _first_error(lines: list[str]) -> str:
    """Return the first error that make's output tells of, from which the others often follow."""
    told = [line for line in lines if "error" in line.lower() or "undefined reference" in line]
    found = [line for line in told if "***" not in line] or lines[-1:]
    return found[0].strip() if found else "make gave no reason"

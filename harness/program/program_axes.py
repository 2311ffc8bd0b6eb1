"""The axes of a program, asked of stanc."""

import os
from pathlib import Path

from harness.errors import ProgramError
from harness.program.axes import ProgramAxis, find_axes, read_account
from harness.program.program import Program
from harness.program.stanc import ask_stanc


def find_program_axes(
    stanc: Path, program: Program, text: bytes | None = None
) -> tuple[ProgramAxis, ...]:
    """Return what could count a program's rows, out of stanc's own account of it.

    Parameters
    ----------
    stanc : Path
        The executable.
    program : Program
    text : bytes, optional
        What is compiled in place of the program's own text.

    Returns
    -------
    tuple of ProgramAxis

    Raises
    ------
    ProgramError
        If stanc refuses the program or prints an account of another form.
    """
    told = ask_stanc(stanc, program, ["--debug-mir", "-o", os.devnull], text)
    try:
        return find_axes(read_account(told))
    except ValueError as error:
        raise ProgramError(
            f"the rows of program '{program.name}' cannot be found: {error}; "
            "use a CmdStan from 2.30 to 2.39"
        ) from error

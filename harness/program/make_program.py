"""An executable from a program's text, by CmdStan's makefile."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import filelock

from harness.cmdstan.guarded import GuardedCommands
from harness.errors import ProgramError
from harness.messages.clauses import plain_name
from harness.program.axes import ProgramAxis
from harness.program.flags import Flags
from harness.program.log_density import wrap_file
from harness.program.make_command import run_make
from harness.program.program import Program
from harness.program.program_axes import find_program_axes
from harness.program.server_object import link_lines, make_server
from harness.program.stanc import plain_copy, stanc_flags


def _compile_into(
    folder: Path,
    program: Program,
    text: bytes | None,
    cmdstan: Path,
    commands: GuardedCommands,
    *,
    flags: Flags,
    exact_curvature: bool = False,
) -> None:
    """Compile a copy of the program in a new folder and note the time it took.

    The translated program gets a header around it, from which the executable serves its density.
    """
    with plain_copy(program, text) as copy:
        header = copy.file.with_suffix(".hpp")
        made = copy.file.with_suffix("")
        start = time.perf_counter()
        _make(header, copy, cmdstan, commands, told_as=program.file, flags=flags)
        wrap_file(header, _row_axes(program, text, cmdstan), exact_curvature=exact_curvature)
        translated = time.perf_counter()
        server = make_server(cmdstan, flags.shared, commands)
        server_time_s = time.perf_counter() - translated
        _make(
            *(made, copy, cmdstan, commands),
            told_as=program.file,
            options=[f"--old-file={header}"],  # make is to leave it as it is
            flags=flags,
            lines=(*link_lines(made, server), *flags.lines(made)),
        )
        record = {"compile_time_s": time.perf_counter() - start - server_time_s}
        shutil.copy(made, folder)
    (folder / "compile.json").write_text(json.dumps(record))


def _row_axes(program: Program, text: bytes | None, cmdstan: Path) -> tuple[ProgramAxis, ...]:
    """Return the axes whose rows the executable can gather; none where stanc's word is unclear."""
    try:
        axes = find_program_axes(cmdstan / "bin" / "stanc", program, text)
    except ProgramError:
        return ()
    return tuple(axis for axis in axes if not axis.refusal)


def _make(
    target: Path,
    copy: Program,
    cmdstan: Path,
    commands: GuardedCommands,
    *,
    told_as: Path,
    flags: Flags,
    options: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> None:
    """Call CmdStan's makefile on a plain copy of a program.

    cmdstanpy's own compilation changes the folder of the whole process while it lasts, which
    two threads that compile side by side cannot have.
    """
    told = f"--filename-in-msg={plain_name(told_as.name)}"
    settings = [f"STANCFLAGS+={flag}" for flag in (*stanc_flags(copy), told, *flags.stanc)]
    if copy.user_header:
        # make divides a list at spaces, which the path of the user's header may have
        header = copy.file.with_name("user_header.hpp")
        header.write_bytes(os.fsencode(f'#include "{copy.user_header}"\n'))
        settings += [f"USER_HEADER={header}"]
    error = run_make(
        target, *settings, cmdstan=cmdstan, commands=commands, options=options, lines=lines
    )
    if error is not None:
        raise ProgramError(f"program '{copy.name}' does not compile: {error}")


def make_folder(
    folder: Path,
    program: Program,
    text: bytes | None,
    cmdstan: Path,
    commands: GuardedCommands,
    *,
    flags: Flags,
    exact_curvature: bool = False,
) -> None:
    """Compile beside a folder and rename, under a lock; leave a folder that exists alone.

    Parameters
    ----------
    folder : Path
        Where the executable goes, as :data:`~harness.program.stanc.COMPILED_AS`, with
        ``compile.json``.
    program : Program
        What to compile.
    text : bytes or None
        What is compiled in place of its own text.
    cmdstan : Path
        The CmdStan that compiles.
    commands : GuardedCommands
        Runs the compiler, and may end it.
    flags : Flags
        What it compiles with.
    exact_curvature : bool
        Whether its density has second derivatives.

    Raises
    ------
    ProgramError
        If the compiler refuses the program.
    """
    with filelock.FileLock(f"{folder}.lock").acquire(cancel_check=lambda: commands.has_ended):
        if folder.is_dir():
            return
        beside = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            _compile_into(
                *(beside, program, text, cmdstan, commands),
                flags=flags,
                exact_curvature=exact_curvature,
            )
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

"""An executable from a program's text, by CmdStan's makefile."""

import json
import os
import shutil
import time
from pathlib import Path

import filelock

from harness.cmdstan.guarded import GuardedCommands
from harness.errors import ProgramError
from harness.messages.clauses import plain_name
from harness.program.axes import ProgramAxis
from harness.program.log_density import wrap_file
from harness.program.program import Program
from harness.program.program_axes import find_program_axes
from harness.program.stanc import plain_copy, stanc_flags


def _compile_into(
    folder: Path,
    program: Program,
    text: bytes | None,
    cmdstan: Path,
    commands: GuardedCommands,
    *,
    exact_curvature: bool = False,
) -> None:
    """Compile a copy of the program in a new folder and note the time it took.

    The translated program gets a header around it, from which the executable serves its density.
    """
    with plain_copy(program, text) as copy:
        header = copy.file.with_suffix(".hpp")
        start = time.perf_counter()
        _make(header, copy, cmdstan, commands, told_as=program.file)
        wrap_file(header, _row_axes(copy, cmdstan), exact_curvature=exact_curvature)
        # make is to leave the header as it is
        _make(
            copy.file.with_suffix(""),
            *(copy, cmdstan, commands, f"--old-file={header}"),
            told_as=program.file,
        )
        record = {"compile_time_s": time.perf_counter() - start}
        shutil.copy(copy.file.with_suffix(""), folder)
    (folder / "compile.json").write_text(json.dumps(record))


def _row_axes(program: Program, cmdstan: Path) -> tuple[ProgramAxis, ...]:
    """Return the axes whose rows the executable can gather; none where stanc's word is unclear."""
    try:
        axes = find_program_axes(cmdstan / "bin" / "stanc", program)
    except ProgramError:
        return ()
    return tuple(axis for axis in axes if not axis.refusal)


def _make(
    target: Path,
    copy: Program,
    cmdstan: Path,
    commands: GuardedCommands,
    *options: str,
    told_as: Path,
) -> None:
    """Call CmdStan's makefile on a plain copy of a program.

    cmdstanpy's own compilation changes the folder of the whole process while it lasts, which
    two threads that compile side by side cannot have.  A compiler that is killed leaves its
    temporary files behind, so they lie beside the source.
    """
    source = copy.file
    flags = [*stanc_flags(copy), f"--filename-in-msg={plain_name(told_as.name)}"]
    command = [os.environ.get("MAKE", "make"), *options]
    command += [f"STANCFLAGS+={flag}" for flag in flags]
    if copy.user_header:
        # make divides a list at spaces, which the path of the user's header may have
        header = source.with_name("user_header.hpp")
        header.write_bytes(os.fsencode(f'#include "{copy.user_header}"\n'))
        command += [f"USER_HEADER={header}"]
    command += [str(target)]
    code, output = commands.run(command, folder=cmdstan, environment={"TMPDIR": str(source.parent)})
    if code != 0:
        lines = [line for line in output if line.strip()]
        raise ProgramError(f"program '{copy.name}' does not compile: {_first_error(lines)}")


def _first_error(lines: list[str]) -> str:
    """Return the first error that make's output tells of, from which the others often follow."""
    told = [line for line in lines if "error" in line.lower() or "undefined reference" in line]
    found = [line for line in told if "***" not in line] or lines[-1:]
    return found[0].strip() if found else "make gave no reason"


def make_folder(
    folder: Path,
    program: Program,
    text: bytes | None,
    cmdstan: Path,
    commands: GuardedCommands,
    **options: bool,
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
    **options
        ``exact_curvature``, for a density with second derivatives.

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
            _compile_into(beside, program, text, cmdstan, commands, **options)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

"""The part of the density's process that knows no program: compiled once, linked into all."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import filelock

from harness.cmdstan.guarded import GuardedCommands
from harness.errors import ProgramError
from harness.program.flags import COMPILE
from harness.program.log_density import CPP_FOLDER, cpp_digest
from harness.program.make_command import run_make
from harness.program.stanc import plain_folder

_NAME = "harness_server"
#: Lists of what a model is linked with, in a release and in the wheel-built home.  Set for one
#: target they are added to, whatever the environment and make/local say.
_LINKED = ("LDLIBS", "LINK")


def link_lines(executable: Path, server: Path) -> tuple[str, ...]:
    """Return a makefile's lines that link an executable with the server's object.

    Parameters
    ----------
    executable : Path
        The target, in a folder whose path is plain.
    server : Path
        From :func:`make_server`; a link to it is made beside the target.

    Returns
    -------
    tuple of str
    """
    beside = executable.with_name(f"{_NAME}.o")
    beside.symlink_to(server)
    return tuple(f"{executable}: {variable} += {beside}" for variable in _LINKED)


def make_server(folder: Path, cmdstan: Path, compiled_with: str, commands: GuardedCommands) -> Path:
    """Compile the server for a CmdStan and its flags, or find its object.

    It is compiled by the rules of that CmdStan's makefile, so that its vectors are aligned as
    those of the programs are.

    Parameters
    ----------
    folder : Path
        Where objects are kept.
    cmdstan : Path
        The CmdStan.
    compiled_with : str
        Its version and compiler settings.
    commands : GuardedCommands
        Runs the compiler, and may end it.

    Returns
    -------
    Path
        The object.

    Raises
    ------
    ProgramError
        If the compiler refuses it.
    """
    key = hashlib.sha256(f"{cmdstan}\n{compiled_with}\n{cpp_digest()}".encode()).hexdigest()
    server = folder / f"{key[:32]}.o"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{server}.lock").acquire(cancel_check=lambda: commands.has_ended):
        if not server.is_file():
            _compile(server, cmdstan, commands)
    return server


def _compile(server: Path, cmdstan: Path, commands: GuardedCommands) -> None:
    """Compile beside nothing else, and put the object into its place whole."""
    with tempfile.TemporaryDirectory(prefix="harness-server-", dir=plain_folder()) as name:
        source = Path(name) / f"{_NAME}.cpp"
        source.write_bytes(b'#include "%b"\n' % os.fsencode(CPP_FOLDER / "server.cpp"))
        made = source.with_suffix(".o")
        rule = (f"{made}: {source}", f"\t{COMPILE} -c -o $@ $<")
        error = run_make(made, cmdstan=cmdstan, commands=commands, lines=rule)
        if error is not None:
            raise ProgramError(f"the server of densities does not compile: {error}")
        beside = server.with_name(f"{server.name}.{os.getpid()}")
        shutil.copy(made, beside)
        beside.replace(server)

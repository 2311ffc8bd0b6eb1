"""The part of the density's process that knows no program: compiled once, linked into all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from harness.cmdstan import Beside, CmdStanLocation, ensure_cmdstan, find_cmdstan
from harness.cmdstan.guarded import GuardedCommands
from harness.cmdstan.home import silent
from harness.errors import ProgramError
from harness.folders import cache_folder
from harness.program.flags import COMPILE, find_flags
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


def ensure_cmdstan_with_server(report: Callable[[str], None] = silent) -> CmdStanLocation:
    """Find the CmdStan to use; if there is none, build the home and the server side by side.

    Parameters
    ----------
    report : callable
        Told of each step of a build.

    Returns
    -------
    CmdStanLocation

    Raises
    ------
    HarnessError
        As :func:`harness.cmdstan.ensure_cmdstan`.
    """
    found = find_cmdstan()
    if found is not None:
        return found
    with _server_source() as source:
        made = source.with_suffix(".o")
        location = ensure_cmdstan(report, Beside(source=source, target=made))
        if made.is_file():  # another process may have built the home meanwhile
            shared = find_flags(location.path, location.version, native=False).shared
            _put(made, _server_path(location.path, shared))
    return location


def make_server(cmdstan: Path, compiled_with: str, commands: GuardedCommands) -> Path:
    """Compile the server for a CmdStan and its flags, or find its object.

    It is compiled by the rules of that CmdStan's makefile, so that its vectors are aligned as
    those of the programs are.

    Parameters
    ----------
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
    server = _server_path(cmdstan, compiled_with)
    with filelock.FileLock(f"{server}.lock").acquire(cancel_check=lambda: commands.has_ended):
        if not server.is_file():
            _compile(server, cmdstan, commands)
    return server


def _compile(server: Path, cmdstan: Path, commands: GuardedCommands) -> None:
    """Compile beside nothing else."""
    with _server_source() as source:
        made = source.with_suffix(".o")
        rule = (f"{made}: {source}", f"\t{COMPILE} -c -o $@ $<")
        error = run_make(made, cmdstan=cmdstan, commands=commands, lines=rule)
        if error is not None:
            raise ProgramError(f"the server of densities does not compile: {error}")
        _put(made, server)


@contextmanager
def _server_source() -> Iterator[Path]:
    """Give the file to compile, in a folder of its own whose path make takes."""
    with tempfile.TemporaryDirectory(prefix="harness-server-", dir=plain_folder()) as name:
        source = Path(name) / f"{_NAME}.cpp"
        source.write_bytes(b'#include "%b"\n' % os.fsencode(CPP_FOLDER / "server.cpp"))
        yield source


def _server_path(cmdstan: Path, compiled_with: str) -> Path:
    """Return where the object for a CmdStan and its flags is or would be, in a folder that is."""
    key = hashlib.sha256(f"{cmdstan}\n{compiled_with}\n{cpp_digest()}".encode()).hexdigest()
    folder = cache_folder() / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{key[:32]}.o"


def _put(made: Path, server: Path) -> None:
    """Put an object into its place whole."""
    beside = server.with_name(f"{server.name}.{os.getpid()}")
    shutil.copy(made, beside)
    beside.replace(server)

"""Compile a Stan program once, and find its executable again."""

import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import cmdstanpy
import filelock

from harness.cache import cache_folder
from harness.cmdstan import ensure_cmdstan
from harness.errors import ProgramError
from harness.guarded import GuardedCommands
from harness.program import Program
from harness.stanc import COMPILED_AS, check_contract, inspect_program, plain_copy, stanc_flags
from harness.validation import plain_name

# A macro may hold the name, as in `#define CODE "part.hpp"` with a later `#include CODE`.
_QUOTED_FILE = re.compile(r'^[ \t]*#[ \t]*(?:include|define[ \t]+\w+)[ \t]*"([^"]+)"', re.MULTILINE)

#: Settings of the environment that CmdStan's makefile takes, beside its ``make/local``.
_MAKE_VARIABLES = (
    *("CXX", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "O", "STANCFLAGS"),
    *("STAN_THREADS", "STAN_OPENCL", "STAN_MPI", "STAN_CPP_OPTIMS", "STAN_NO_RANGE_CHECKS"),
)


@dataclass(frozen=True, kw_only=True)
class CompiledProgram:
    """A program with its executable.

    Attributes
    ----------
    program : Program
        What was compiled.
    executable : Path
        The executable.
    digest : str
        SHA-256 over the source with its includes, the user's header with those beside it, Stan's
        version and the compiler flags.
    compile_time_s : float
        Wall time of the compilation when it was made, in seconds.
    stan_version : str
        Version of the CmdStan that compiled it.
    sources : tuple of Path
        The program's file, what it includes, the user's header and those beside it.
    """

    program: Program
    executable: Path
    digest: str
    compile_time_s: float
    stan_version: str
    sources: tuple[Path, ...] = ()

    @property
    def model(self) -> cmdstanpy.CmdStanModel:
        """The executable as cmdstanpy's model."""
        return cmdstanpy.CmdStanModel(exe_file=str(self.executable))


def _headers(program: Program) -> list[Path]:
    """Return the user's header and, in order, those beside it that it includes in quotes."""
    if program.user_header is None:
        return []
    if not program.user_header.is_file():
        raise ProgramError(
            f"user header '{program.user_header}' of program '{program.name}' does not exist; "
            "check the study's 'user_header'"
        )
    headers = [program.user_header]
    for header in headers:  # grows while it is read
        named = _QUOTED_FILE.findall(header.read_text(encoding="utf-8", errors="replace"))
        beside = [(header.parent / name).resolve() for name in named]
        headers += [file for file in beside if file.is_file() and file not in headers]
    return headers


def _digest(files: list[Path], compiled_with: str) -> str:
    """Hash the contents of some files and a description of the compiler.

    What the first of them, the program itself, is called changes nothing.
    """
    hasher = hashlib.sha256(compiled_with.encode())
    for number, file in enumerate(files):
        content = file.read_bytes()
        name = os.fsencode(file.name) if number else b""
        hasher.update(b"\0%b\0%d\0%b" % (name, len(content), content))
    return hasher.hexdigest()


def _compile_into(folder: Path, program: Program, cmdstan: Path, commands: GuardedCommands) -> None:
    """Compile a copy of the program in a new folder and note the time it took."""
    with plain_copy(program) as copy:
        start = time.perf_counter()
        _make(copy, cmdstan, commands, told_as=program.file)
        record = {"compile_time_s": time.perf_counter() - start}
        shutil.copy(copy.file.with_suffix(""), folder)
    (folder / "compile.json").write_text(json.dumps(record))


def _make(copy: Program, cmdstan: Path, commands: GuardedCommands, *, told_as: Path) -> None:
    """Call CmdStan's makefile on a plain copy of a program.

    cmdstanpy's own compilation changes the folder of the whole process while it lasts, which
    two threads that compile side by side cannot have.  A compiler that is killed leaves its
    temporary files behind, so they lie beside the source.
    """
    source = copy.file
    flags = [*stanc_flags(copy), f"--filename-in-msg={plain_name(told_as.name)}"]
    command = [os.environ.get("MAKE", "make")]
    command += [f"STANCFLAGS+={flag}" for flag in flags]
    if copy.user_header:
        # make divides a list at spaces, which the path of the user's header may have
        header = source.with_name("user_header.hpp")
        header.write_bytes(os.fsencode(f'#include "{copy.user_header}"\n'))
        command += [f"USER_HEADER={header}"]
    command += [str(source.with_suffix(""))]
    code, output = commands.run(command, folder=cmdstan, environment={"TMPDIR": str(source.parent)})
    if code != 0:
        lines = [line for line in output if line.strip()]
        raise ProgramError(f"program '{copy.name}' does not compile: {_first_error(lines)}")


def _first_error(lines: list[str]) -> str:
    """Return the first error that make's output tells of, from which the others often follow."""
    told = [line for line in lines if "error" in line.lower() or "undefined reference" in line]
    found = [line for line in told if "***" not in line] or lines[-1:]
    return found[0].strip() if found else "make gave no reason"


def _local_flags(cmdstan: Path) -> str:
    """Return the user's compiler settings of a CmdStan, empty if there are none."""
    local = cmdstan / "make" / "local"
    return local.read_text() if local.is_file() else ""


def _environment_flags() -> str:
    """Return the compiler settings of the environment, which make reads; usually none."""
    given = [f"\n{name}={os.environ[name]}" for name in _MAKE_VARIABLES if os.environ.get(name)]
    return "".join(given)


def _make_folder(folder: Path, program: Program, cmdstan: Path, commands: GuardedCommands) -> None:
    """Compile beside a folder and rename, under a lock; leave a folder that exists alone."""
    with filelock.FileLock(f"{folder}.lock").acquire(cancel_check=lambda: commands.has_ended):
        if folder.is_dir():
            return
        beside = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            _compile_into(beside, program, cmdstan, commands)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class _Identity:
    """What will compile a program, and what of it counts."""

    cmdstan: Path
    stan_version: str
    sources: tuple[Path, ...]
    digest: str


def _identify(program: Program) -> _Identity:
    """Ask stanc about a program, check the study's word on it, and hash what counts."""
    location = ensure_cmdstan()
    cmdstanpy.set_cmdstan_path(str(location.path))
    info = inspect_program(location.path / "bin" / "stanc", program)
    check_contract(program, info)
    included = sorted(Path(name) for name in info["included_files"])
    sources = (program.file, *included, *_headers(program))
    compiled_with = f"{location.version}\n{_local_flags(location.path)}{_environment_flags()}"
    return _Identity(
        cmdstan=location.path,
        stan_version=location.version,
        sources=sources,
        digest=_digest(list(sources), compiled_with),
    )


def program_digest(program: Program) -> str:
    """Return the digest that a program has when it is compiled, without compiling it.

    Raises
    ------
    ProgramError
        As :func:`compile_program`, except for what only the compiler refuses.
    """
    return _identify(program).digest


def compile_program(
    program: Program, *, commands: GuardedCommands | None = None
) -> CompiledProgram:
    """Compile a program, or find its executable from an earlier time.

    Executables live in the cache folder under a digest of the source, its includes, the user's
    header and the CmdStan that compiles it, so that nothing is written beside the program.

    Parameters
    ----------
    program : Program
        What to compile.
    commands : GuardedCommands, optional
        Runs the compiler, and may end it.

    Returns
    -------
    CompiledProgram

    Raises
    ------
    ProgramError
        If the file or its user header is missing, stanc or the compiler refuses it, or the
        contract names data or parameters that the program lacks.
    """
    identity = _identify(program)
    executable_key = hashlib.sha256(f"{identity.digest} {identity.cmdstan}".encode()).hexdigest()
    folder = cache_folder() / "programs" / executable_key[:32]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make_folder(folder, program, identity.cmdstan, commands or GuardedCommands())
    except OSError as error:
        raise ProgramError(
            f"program '{program.name}' cannot be compiled into the cache folder "
            f"'{folder.parent}' ({error.strerror}); set XDG_CACHE_HOME to one that can be written"
        ) from error
    record = json.loads((folder / "compile.json").read_text())
    return CompiledProgram(
        program=program,
        executable=folder / COMPILED_AS,
        digest=identity.digest,
        compile_time_s=float(record["compile_time_s"]),
        stan_version=identity.stan_version,
        sources=identity.sources,
    )

"""Compile a Stan program once, and find its executable again."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy

from harness.cmdstan import ensure_cmdstan
from harness.cmdstan.guarded import GuardedCommands
from harness.errors import ProgramError
from harness.folders import cache_folder
from harness.program.flags import Flags, find_flags, settings_in_words
from harness.program.lean import LeanProgram, lean_program
from harness.program.log_density import cpp_digest
from harness.program.make_program import make_folder
from harness.program.program import Program
from harness.program.stanc import COMPILED_AS, check_contract, check_parameters, inspect_program

if TYPE_CHECKING:
    import cmdstanpy
else:
    cmdstanpy = lazy.load("cmdstanpy")

# A macro may hold the name, as in `#define CODE "part.hpp"` with a later `#include CODE`.
_QUOTED_FILE = re.compile(r'^[ \t]*#[ \t]*(?:include|define[ \t]+\w+)[ \t]*"([^"]+)"', re.MULTILINE)


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
    flags : str
        Whose flags compiled it, and which were added for this machine.
    sources : tuple of Path
        The program's file, what it includes, the user's header and those beside it.
    parameters : tuple of str
        The variables of its ``parameters`` block, in the program's order.
    has_unit_vectors : bool
        Whether one of them is a unit vector.
    generated : tuple of str
        The generated quantities that the study looks at.
    quantities_executable : Path or None
        The program with its generated quantities, which the executable leaves out; None if the
        study looks at none.
    """

    program: Program
    executable: Path
    digest: str
    compile_time_s: float
    stan_version: str
    flags: str = ""
    sources: tuple[Path, ...] = ()
    parameters: tuple[str, ...] = ()
    has_unit_vectors: bool = False
    generated: tuple[str, ...] = ()
    quantities_executable: Path | None = None

    @property
    def model(self) -> "cmdstanpy.CmdStanModel":
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


def _digest(files: list[Path], compiled_with: str, text: bytes | None = None) -> str:
    """Hash the contents of some files and a description of the compiler.

    What the first of them, the program itself, is called changes nothing; a text may stand for it.
    """
    hasher = hashlib.sha256(compiled_with.encode())
    for number, file in enumerate(files):
        content = file.read_bytes() if number or text is None else text
        name = os.fsencode(file.name) if number else b""
        hasher.update(b"\0%b\0%d\0%b" % (name, len(content), content))
    return hasher.hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Identity:
    """What will compile a program, and what of it counts."""

    cmdstan: Path
    stan_version: str
    flags: Flags
    sources: tuple[Path, ...]
    parameters: tuple[str, ...]
    generated: tuple[str, ...]
    lean: LeanProgram
    lean_digest: str
    whole_digest: str

    @property
    def digest(self) -> str:
        """What decides a fit: generated quantities count if the study looks at them."""
        if not self.generated:
            return self.lean_digest
        parts = " ".join((self.lean_digest, self.whole_digest, *sorted(self.generated)))
        return hashlib.sha256(parts.encode()).hexdigest()


def _identify(program: Program) -> _Identity:
    """Ask stanc about a program, check the study's word on it, and hash what counts."""
    location = ensure_cmdstan()
    cmdstanpy.set_cmdstan_path(str(location.path))
    stanc = location.path / "bin" / "stanc"
    info = inspect_program(stanc, program)
    check_contract(program, info)
    lean = lean_program(stanc, program, info)
    included = sorted(Path(name) for name in info["included_files"])
    sources = (program.file, *included, *_headers(program))
    flags = find_flags(location.path, location.version, native=program.native)
    compiled_with = flags.compiled_with
    return _Identity(
        cmdstan=location.path,
        stan_version=location.version,
        flags=flags,
        sources=sources,
        parameters=tuple(info["parameters"]),
        generated=tuple(
            name for name in program.parameters if name in info["generated quantities"]
        ),
        lean=lean,
        lean_digest=_digest(list(sources), compiled_with, lean.text),
        whole_digest=_digest(list(sources), compiled_with),
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
    check_parameters(program, identity.parameters)
    commands = commands or GuardedCommands()
    lean, digest = identity.lean.text, identity.lean_digest
    folder = _compiled(program, identity, text=lean, digest=digest, commands=commands)
    compile_time_s, whole = _compile_time_s(folder), None
    if identity.generated:
        digest = identity.whole_digest
        whole = _compiled(program, identity, text=None, digest=digest, commands=commands)
        compile_time_s += _compile_time_s(whole)
    return CompiledProgram(
        program=program,
        executable=folder / COMPILED_AS,
        digest=identity.digest,
        compile_time_s=compile_time_s,
        stan_version=identity.stan_version,
        flags=settings_in_words(identity.cmdstan, identity.flags),
        sources=identity.sources,
        parameters=identity.parameters,
        has_unit_vectors=identity.lean.has_unit_vectors,
        generated=identity.generated,
        quantities_executable=whole / COMPILED_AS if whole else None,
    )


def compile_density(program: Program, *, exact_curvature: bool = False) -> Path:
    """Compile a program for its density, its printing and generated quantities included.

    Parameters
    ----------
    program : Program
        What to compile.
    exact_curvature : bool
        Whether its density is to give the Hessian by autodiff, which takes about twice the time
        to compile and which not every program can.

    Returns
    -------
    Path
        The executable; a program that has nothing of both shares that of its fits.

    Raises
    ------
    ProgramError
        As :func:`compile_program`.
    """
    identity = _identify(program)
    folder = _compiled(
        program,
        identity,
        text=None,
        digest=identity.whole_digest,
        commands=GuardedCommands(),
        exact_curvature=exact_curvature,
    )
    return folder / COMPILED_AS


def _compile_time_s(folder: Path) -> float:
    """Return what the compilation took that filled a folder."""
    return float(json.loads((folder / "compile.json").read_text())["compile_time_s"])


def _compiled(
    program: Program,
    identity: _Identity,
    *,
    text: bytes | None,
    digest: str,
    commands: GuardedCommands,
    exact_curvature: bool = False,
) -> Path:
    """Return the folder with the executable of a program, or of a text in its place."""
    made_with = f"{digest} {identity.cmdstan} {cpp_digest()} {exact_curvature}"
    executable_key = hashlib.sha256(made_with.encode()).hexdigest()
    folder = cache_folder() / "programs" / executable_key[:32]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        make_folder(
            *(folder, program, text, identity.cmdstan, commands),
            flags=identity.flags,
            exact_curvature=exact_curvature,
        )
    except OSError as error:
        raise ProgramError(
            f"program '{program.name}' cannot be compiled into the cache folder "
            f"'{folder.parent}' ({error.strerror}); set XDG_CACHE_HOME to one that can be written"
        ) from error
    return folder

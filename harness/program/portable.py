"""A program that travels: its sources as text, laid out and compiled where they arrive."""

import dataclasses
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ProgramError
from harness.folders import cache_folder
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program

_ONE_COMPILER = threading.Lock()
_COMPILED: dict[str, CompiledProgram] = {}


@dataclass(frozen=True, kw_only=True)
class ProgramSources:
    """A program without a file system.

    Attributes
    ----------
    program : Program
        Its paths are relative to a folder that holds all of its files.
    files : tuple of (str, bytes)
        Relative paths and contents: the program, what it includes, its headers.
    digest : str
        What it must have when it is compiled.
    """

    program: Program
    files: tuple[tuple[str, bytes], ...]
    digest: str


def gather_sources(compiled: CompiledProgram) -> ProgramSources:
    """Take the sources of a compiled program along.

    Parameters
    ----------
    compiled : CompiledProgram
        From :func:`harness.program.compilation.compile_program`.

    Returns
    -------
    ProgramSources
    """
    files = list(dict.fromkeys(file.absolute() for file in compiled.sources))
    root = Path(os.path.commonpath([file.parent for file in files]))
    header = compiled.program.user_header
    return ProgramSources(
        program=dataclasses.replace(
            compiled.program,
            file=compiled.program.file.absolute().relative_to(root),
            user_header=header.absolute().relative_to(root) if header else None,
        ),
        files=tuple((file.relative_to(root).as_posix(), file.read_bytes()) for file in files),
        digest=compiled.digest,
    )


def compile_sources(sources: ProgramSources) -> CompiledProgram:
    """Lay sources out in the cache folder and compile them, or find them compiled.

    Parameters
    ----------
    sources : ProgramSources
        From another machine, perhaps.

    Returns
    -------
    CompiledProgram

    Raises
    ------
    ProgramError
        If they do not compile here, or the CmdStan or its compiler settings differ from where
        they come from, so that the fit would be another.
    """
    with _ONE_COMPILER:
        known = _COMPILED.get(sources.digest)
        if known is None or not known.executable.is_file():
            known = _COMPILED[sources.digest] = _compile(sources)
    return dataclasses.replace(
        known,
        program=dataclasses.replace(
            sources.program, file=known.program.file, user_header=known.program.user_header
        ),
    )


def _compile(sources: ProgramSources) -> CompiledProgram:
    """Write the files, compile, and compare digests."""
    folder = cache_folder() / "sources" / sources.digest
    for name, content in sources.files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_bytes() != content:
            beside = file.with_name(f"{file.name}.{os.getpid()}")
            beside.write_bytes(content)
            beside.replace(file)
    header = sources.program.user_header
    program = dataclasses.replace(
        sources.program,
        file=folder / sources.program.file,
        user_header=folder / header if header else None,
    )
    compiled = compile_program(program)
    if compiled.digest != sources.digest:
        raise ProgramError(
            f"program '{program.name}' would differ on this worker: its CmdStan "
            f"{compiled.stan_version} or its compiler settings differ from those of the study's "
            "machine; use the same CmdStan on both"
        )
    return compiled

"""What stanc says of a program, before anything is compiled."""

import codecs
import dataclasses
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cmdstan import ensure_cmdstan
from harness.errors import ProgramError
from harness.messages.clauses import absence
from harness.program.mir import Expression, sections
from harness.program.program import Program

#: Under which every program is compiled: make and the shell take few of the names that files have.
COMPILED_AS = "model"
#: Beside it, a link to the program's folder, where the files are that it includes.
INCLUDES = "includes"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMED_FILE = re.compile(r"in '([^']+)', line ")
_PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)


def _one_line(stanc_message: str) -> str:
    """Fold stanc's message into one line: where, then what, without the source excerpt."""
    paragraphs = [part for part in stanc_message.split("\n\n") if part.strip()]
    outside_excerpt: list[str] = []
    in_excerpt = False
    for line in "\n".join(paragraphs).splitlines():
        if set(line.strip()) == {"-"}:
            in_excerpt = not in_excerpt
        elif not in_excerpt:
            outside_excerpt.append(line.strip())
    return " ".join(outside_excerpt)


def _encoding(content: bytes) -> str | None:
    """Return in what a text is written; None for what stanc reads as it is."""
    found = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if found is None and b"\0" in content[:2]:  # a program begins with characters of ASCII
        return "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    return found


def program_source(program: Program) -> bytes:
    """Return a program's text as stanc reads it: UTF-8 without a byte-order mark."""
    if not program.file.is_file():
        raise ProgramError(f"Stan program '{program.file}' {absence(program.file)}; check its path")
    try:
        content = program.file.read_bytes()
        encoding = _encoding(content)
        return content if encoding is None else content.decode(encoding).encode()
    except OSError as error:
        raise ProgramError(
            f"Stan program '{program.file}' cannot be read ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise ProgramError(
            f"program '{program.name}' does not compile: '{program.file}' begins like "
            f"{encoding}, but is not valid; save it as UTF-8"
        ) from error


def plain_folder() -> str | None:
    """Return a folder for temporary files whose path make takes; None for the usual one."""
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - a new folder in it
    return next((place for place in places if _PLAIN_PATH.fullmatch(place)), None)


@contextmanager
def plain_copy(program: Program, text: bytes | None = None) -> Iterator[Program]:
    """Give a copy of a program that lasts for a while, in a place without special characters.

    Parameters
    ----------
    program : Program
    text : bytes, optional
        What the copy holds in place of the program's own text.

    Yields
    ------
    Program
        The same, its file in a folder of its own with the link :data:`INCLUDES`.

    Raises
    ------
    ProgramError
        If the program cannot be read.
    """
    content = program_source(program) if text is None else text
    with tempfile.TemporaryDirectory(prefix="harness-stan-", dir=plain_folder()) as name:
        folder = Path(name)
        copy = folder / f"{COMPILED_AS}.stan"
        copy.write_bytes(content)
        (folder / INCLUDES).symlink_to(program.file.parent.resolve(), target_is_directory=True)
        yield dataclasses.replace(program, file=copy)


def stanc_flags(copy: Program) -> list[str]:
    """Return stanc's flags for a plain copy: where includes are, and whether C++ completes it."""
    flags = [f"--include-paths={copy.file.with_name(INCLUDES)}"]
    return [*flags, "--allow-undefined"] if copy.user_header else flags


def ask_stanc(
    stanc: Path, program: Program, question: Sequence[str], text: bytes | None = None
) -> str:
    """Return what stanc answers.

    Parameters
    ----------
    stanc : Path
        The executable.
    program : Program
    question : sequence of str
        Flags.
    text : bytes, optional
        What the program's file is to hold in place of its own text.

    Returns
    -------
    str

    Raises
    ------
    ProgramError
        If stanc refuses the program.
    """
    with plain_copy(program, text) as copy:
        link, folder = str(copy.file.with_name(INCLUDES)), str(program.file.parent)
        command = [str(stanc), *stanc_flags(copy), f"--filename-in-msg={program.file}"]
        answer = subprocess.run(
            [*command, *question, str(copy.file)],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",  # as names of files have it
            check=False,
        )
        printed = (answer.stderr or answer.stdout) if answer.returncode else answer.stdout
        said = printed.replace(link, folder)
    if answer.returncode != 0:
        raise ProgramError(
            f"program '{program.name}' does not compile: {_one_line(said)}{_hint(said)}"
        )
    return said


def _hint(message: str) -> str:
    """Say what to do if stanc stumbles over the encoding of an included file."""
    named = _NAMED_FILE.search(message)
    file = Path(named[1]) if named else Path()
    if not file.is_file() or _encoding(file.read_bytes()) is None:
        return ""
    return f" Save '{file.name}' as UTF-8 without a byte-order mark."


def _data_sections(stanc: Path, program: Program) -> dict[str, list[Expression]]:
    """Return what the middle representation says of data; what follows may be long."""
    found: dict[str, list[Expression]] = {}
    for name, body in sections(ask_stanc(stanc, program, ["--debug-mir", "-o", os.devnull])):
        found[name] = body
        if name == "input_vars":
            break
    return found


def inspect_program(stanc: Path, program: Program) -> dict[str, Any]:
    """Return what stanc says of a program: its included files and variables.

    Parameters
    ----------
    stanc : Path
        The executable.
    program : Program

    Returns
    -------
    dict
        The content of ``stanc --info``.

    Raises
    ------
    ProgramError
        If the file is missing or stanc refuses it.
    """
    info: dict[str, Any] = json.loads(ask_stanc(stanc, program, ["--info"]))
    return info


def check_parameters(program: Program, parameters: Sequence[str]) -> None:
    """Refuse to fit a program without parameters; others may be asked to simulate."""
    if not parameters:
        raise ProgramError(
            f"program '{program.name}' has no parameters, so there is nothing to approximate"
        )


def check_contract(program: Program, info: Mapping[str, Any]) -> None:
    """Compare what the study says of a program with what the program declares."""
    given = program.data_names
    declared = set(info["inputs"])
    # what else a JSON file holds, CmdStan checks when it reads it
    if (given != declared) if program.takes_table else not given <= declared:
        raise ProgramError(
            f"program '{program.name}' declares the data {', '.join(sorted(declared))}, "
            f"but the study gives {', '.join(sorted(given))}"
        )
    variables = {
        *info["parameters"],
        *info["transformed parameters"],
        *info["generated quantities"],
    }
    missing = [name for name in program.parameters if name not in variables]
    if missing:
        raise ProgramError(
            f"program '{program.name}' has no variable '{missing[0]}'; "
            f"it has {', '.join(sorted(variables))}"
        )


@dataclass(frozen=True, kw_only=True)
class ProgramVariables:
    """What a program declares.

    Attributes
    ----------
    data, parameters, transformed_parameters, generated_quantities : tuple of str
        Names, in the program's order.
    inputs : Mapping
        Of the data variables by name, what stanc says of their types.
    input_vars : list
        The same with their sizes, for :func:`harness.program.mir.declared_shapes`.
    """

    data: tuple[str, ...]
    parameters: tuple[str, ...]
    transformed_parameters: tuple[str, ...]
    generated_quantities: tuple[str, ...]
    inputs: Mapping[str, Any]
    input_vars: list[Expression]


def describe_program(program: Program) -> ProgramVariables:
    """Ask stanc what a program declares.

    Parameters
    ----------
    program : Program

    Returns
    -------
    ProgramVariables

    Raises
    ------
    ProgramError
        As :func:`inspect_program`.
    """
    program_source(
        program
    )  # a file that is missing is told before a CmdStan is looked for, or built
    stanc = ensure_cmdstan().path / "bin" / "stanc"
    info, parts = inspect_program(stanc, program), _data_sections(stanc, program)
    return ProgramVariables(
        data=tuple(info["inputs"]),
        parameters=tuple(info["parameters"]),
        transformed_parameters=tuple(info["transformed parameters"]),
        generated_quantities=tuple(info["generated quantities"]),
        inputs=info["inputs"],
        input_vars=parts.get("input_vars", []),
    )

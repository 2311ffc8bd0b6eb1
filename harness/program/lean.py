"""A program's text without what its fits do not need: generated quantities and printing.

Generated quantities that nobody asked for may throw, and end an approximation; what a program
prints may look like CmdStan's own lines.  Neither changes the density.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ProgramError
from harness.program.program import Program
from harness.program.stanc import ask_stanc, program_source

#: What may hide a keyword, and what is looked for, as Stan's lexer divides a program.
_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"|^[ \t]*#[^\n]*"
    r"|\b(?P<quantities>generated\s+quantities)\b|\b(?P<print>print)\b|(?P<open>\()|(?P<close>\))",
    re.DOTALL | re.MULTILINE,
)
_PARAMETERS = re.compile(r"^parameters \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_UNIT_VECTOR = re.compile(r"\bunit_vector\b")


@dataclass(frozen=True, kw_only=True)
class LeanProgram:
    """What of a program is compiled for its fits.

    Attributes
    ----------
    text : bytes or None
        The program without generated quantities and printing; None if it has neither.
    has_unit_vectors : bool
        Whether a parameter is a unit vector, whose length on the unconstrained scale cannot be
        known from its draws.
    """

    text: bytes | None
    has_unit_vectors: bool


def lean_program(stanc: Path, program: Program, info: Mapping[str, Any]) -> LeanProgram:
    """Leave out of a program what its density does not need.

    The lines that stay keep their numbers, unless an included file holds some of what goes.
    stanc has the last word: if what is left does not declare the same data and parameters, the
    program stays as it is.

    Parameters
    ----------
    stanc : Path
        The compiler.
    program : Program
        Which stanc has accepted.
    info : Mapping
        What stanc says of it.

    Returns
    -------
    LeanProgram
    """
    whole = _canonical(stanc, program)
    block = _PARAMETERS.search(whole)
    has_unit_vectors = block is not None and _UNIT_VECTOR.search(block[1]) is not None
    lean = without_extras(whole)
    text = None
    if lean != whole:
        own = without_extras(program_source(program).decode("utf-8", "surrogateescape"))
        # the formatter keeps empty lines
        words = [_canonical(stanc, program, each).split() for each in (own, lean)]
        candidates = (own, lean) if words[0] == words[1] else (lean,)
        text = next((each for each in candidates if _is_same(stanc, program, each, info)), None)
    return LeanProgram(
        text=None if text is None else _encoded(text),
        has_unit_vectors=has_unit_vectors,
    )


def without_extras(text: str) -> str:
    """Drop the block of generated quantities, which is the last, and blank what prints.

    Parameters
    ----------
    text : str
        A Stan program.

    Returns
    -------
    str
        Of a ``print`` statement the semicolon stays, which is a statement that does nothing.
    """
    end = len(text)
    blanks: list[tuple[int, int]] = []
    tokens = _TOKEN.finditer(text)
    for token in tokens:
        if token["quantities"]:
            end = token.start()
            break
        if token["print"]:
            blanks.append((token.start(), _end_of_call(tokens)))
    kept = text[:end]
    for start, stop in blanks:
        blank = re.sub(r"[^\n]", " ", kept[start:stop])
        kept = kept[:start] + blank + kept[stop:]
    return kept


def _end_of_call(tokens: Iterator[re.Match[str]]) -> int:
    """Return where the parentheses close that open next."""
    depth = 0
    for token in tokens:
        depth += bool(token["open"]) - bool(token["close"])
        if token["close"] and depth == 0:
            return token.end()
    return 0


def _encoded(text: str) -> bytes:
    """Return a text as stanc reads it, bytes that are none of UTF-8 included."""
    return text.encode("utf-8", "surrogateescape")


def _canonical(stanc: Path, program: Program, text: str | None = None) -> str:
    """Return a program as stanc formats it, its includes at their place, without comments.

    Of a text in its place, empty if stanc refuses it.
    """
    flags = ["--auto-format", "--canonicalize=includes,strip-comments"]
    return _answer(stanc, program, flags, text)


def _is_same(stanc: Path, program: Program, text: str, info: Mapping[str, Any]) -> bool:
    """Whether a text declares the data and parameters that the program does."""
    answer = _answer(stanc, program, ["--info"], text)
    found = json.loads(answer) if answer else {}
    blocks = ("inputs", "parameters", "transformed parameters")
    return bool(found) and all(found[block] == info[block] for block in blocks)


def _answer(stanc: Path, program: Program, flags: list[str], text: str | None) -> str:
    """Return what stanc says of a program or of a text in its place, empty if it refuses."""
    try:
        return ask_stanc(stanc, program, flags, None if text is None else _encoded(text))
    except ProgramError:
        return ""

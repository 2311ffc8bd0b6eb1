"""Data in CmdStan's JSON: read, and written, a block at a time."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import to_json

from harness.data.json_file import ByteStream, open_json
from harness.data.json_scanner import Scanner
from harness.data.stan_values import (
    GrowingArray,
    NoValueError,
    Numbers,
    Value,
    numbers_of,
    value_of,
)
from harness.errors import DatasetError, JsonFileError

#: Ends of the names of files that :func:`read_stan_json` takes.
SUFFIXES = (".json", ".json.zip", ".json.gz")

#: Numbers that are written at once.
_BLOCK = 1 << 15

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
#: How numbers, lists and texts begin.
_OTHER_JSON = frozenset(bytes([each]) for each in b'0123456789-["')
_NO_NUMBER = re.compile(rb"true|false|null")
# What CmdStan takes for a number that is not finite, beside NaN, Infinity and -Infinity.
_NOT_FINITE = re.compile(
    rb'"(-?)Inf(?:inity)?"|"(NaN)"|(?<![\w"-])(-?)Inf(?![\w"])|(?<![\w"])-(NaN)'
)


def is_stan_json(file: Path) -> bool:
    """Whether a file's name says that it holds CmdStan's JSON."""
    return file.name.lower().endswith(SUFFIXES)


def read_stan_json(file: Path) -> dict[str, Value]:
    """Read data as CmdStan takes them.

    Parameters
    ----------
    file : Path
        ``.json``, or one such file compressed: ``.json.zip`` (the form of posteriordb) or
        ``.json.gz``.

    Returns
    -------
    dict
        The value of each data variable; what has a name that no variable can have is left out.

    Raises
    ------
    DatasetError
        If the file is missing, is not JSON, is no object, or holds what CmdStan refuses: no
        number, a ragged array, a name twice.
    """
    try:
        with open_json(file) as stream:
            return dict(_variables(stream))
    except JsonFileError as error:
        raise DatasetError(f"data file '{file}' {error}") from error
    except _VariableError as error:
        raise DatasetError(f"data file '{file}': {error}") from error


def plain_variables(data: Mapping[str, Any]) -> dict[str, Value]:
    """Return data that a Python program gives as CmdStan takes them.

    Parameters
    ----------
    data : Mapping
        Of each data variable what :func:`harness.data.stan_values.value_of` takes.

    Returns
    -------
    dict
        The same as a file that CmdStanPy writes would give.

    Raises
    ------
    DatasetError
        If something is no number, or an array is ragged.

    Examples
    --------
    >>> import numpy as np
    >>> plain_variables({"N": 2, "y": np.array([1.5, 2.0])})
    {'N': 2, 'y': array([1.5, 2. ])}
    """
    try:
        return {str(name): _named(name, value) for name, value in data.items()}
    except _VariableError as error:
        raise DatasetError(f"the data given: {error}") from error


class _VariableError(Exception):
    """What is wrong with a variable, its name first."""


def _named(name: str, given: Any) -> Value:
    """Return a variable's value; of a problem, say whose it is."""
    try:
        return value_of(given)
    except NoValueError as problem:
        raise _VariableError(f"'{name}' {problem}") from None


def _variables(stream: ByteStream) -> Iterator[tuple[str, Value]]:
    """Give the variables of an object, one after another."""
    text = Scanner(stream)
    if not text.peek():
        raise JsonFileError("is not JSON: it is empty")
    first = text.peek()
    if first != b"{":
        # what begins otherwise may be an R dump, a table or a program
        what = "an object" if first in _OTHER_JSON else f"JSON: it begins with {ascii(first)[1:]}"
        raise JsonFileError(
            f'is not {what}; give {{"name": value, ...}}, a name for each data variable of the '
            "program"
        )
    seen: set[str] = set()
    for name in text.members():
        if not _NAME.fullmatch(name):
            text.skip_value()  # CmdStan looks at no value that cannot be a variable's
            continue
        if name in seen:
            raise _VariableError(f"'{name}' appears twice; give it once")
        seen.add(name)
        try:
            yield name, _value(text)
        except NoValueError as problem:
            raise _VariableError(f"'{name}' {problem}") from None
    text.end()


def _value(text: Scanner) -> Value:
    """Read a value."""
    if text.peek() == b"[":
        return _array(text)
    raw = text.value()
    value = value_of(_parsed(text, raw))
    if isinstance(value, float):
        _refuse_overflow(value, raw)
    return value


def _array(text: Scanner) -> Value:
    """Read an array in pieces, so that a large one is never there as objects of Python."""
    rows = GrowingArray()
    tuples: list[Any] = []
    for piece in text.elements():
        # an element that is too long for a piece is an array of its own
        part = _rows(text, piece) if piece is not None else _as_row(_array(text))
        if isinstance(part, np.ndarray):
            rows.add(part)
        elif isinstance(part, list):
            tuples += part
    if not tuples:
        return rows.array()
    if len(rows.array()):
        raise NoValueError("has tuples together with other elements")
    return tuples


def _as_row(value: Value) -> Any:
    """Return an element as an array of one element."""
    return value[None] if isinstance(value, np.ndarray) else [value]


def _rows(text: Scanner, piece: bytes) -> Value:
    """Return some elements of an array."""
    values = _parsed(text, b"[" + piece + b"]")
    if b'"' in piece:
        return value_of(values)
    try:
        array = np.array(values)
    except ValueError:
        return value_of(values)
    if array.dtype.kind == "f":
        _refuse_overflow(array, piece)
    return numbers_of(array) if array.dtype.kind in "if" else value_of(values)


def _parsed(text: Scanner, raw: bytes) -> Any:
    """Parse a piece of JSON; refuse what is no number."""
    no_number = _NO_NUMBER.search(raw)
    if no_number:
        raise NoValueError(f"is {no_number[0].decode()}, which is not a number")
    if b"Inf" in raw or b"NaN" in raw:
        raw = _NOT_FINITE.sub(_python_spelling, raw)
    return text.parse(raw)


def _refuse_overflow(values: float | Numbers, raw: bytes) -> None:
    """Refuse a number such as 1e400, which the parser takes for an infinite one."""
    if np.isinf(values).sum() > raw.count(b"Inf"):
        raise NoValueError("holds a number that is too large for a real")


def _python_spelling(match: re.Match[bytes]) -> bytes:
    if b"NaN" in match[0]:
        return b"NaN"
    return b"-Infinity" if b"-" in match[0] else b"Infinity"


def load_json(file: Path) -> Any:
    """Read JSON from a file, or from a compressed one.

    Parameters
    ----------
    file : Path

    Returns
    -------
    The parsed content.

    Raises
    ------
    JsonFileError
        If the file is missing or broken; the caller's message begins with the file's name.
    """
    with open_json(file) as stream:
        return json.loads(stream.read())


def write_stan_json(file: Path, variables: Mapping[str, Any]) -> None:
    """Write data or inits for CmdStan.

    Parameters
    ----------
    file : Path
    variables : Mapping
        What :func:`harness.data.stan_values.value_of` takes, or has returned.
    """
    with file.open("wb") as out:
        for number, (name, value) in enumerate(variables.items()):
            out.write((b",\n" if number else b"{") + to_json(name) + b": ")
            out.writelines(_blocks(value if _is_plain(value) else value_of(value)))
        out.write(b"}\n" if variables else b"{}\n")


def _is_plain(value: Any) -> bool:
    """Whether something is an array as it is written; a large one is not copied for that."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind in "if"


def _blocks(value: Value) -> Iterator[bytes]:
    """Give a value as JSON, in blocks."""
    if isinstance(value, dict):
        for number, (slot, part) in enumerate(value.items()):
            yield (b", " if number else b"{") + to_json(slot) + b": "
            yield from _blocks(part)
        yield b"}" if value else b"{}"
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield b", " if number else b"["
            yield from _blocks(part)
        yield b"]"
    elif isinstance(value, np.ndarray):
        yield from _array_blocks(value)
    else:
        yield to_json(value, inf_nan_mode="constants")


def _array_blocks(array: Numbers) -> Iterator[bytes]:
    """Give an array as JSON, some rows at a time."""
    row_size = array[0].size if len(array) else 1
    if array.ndim > 1 and row_size > _BLOCK:
        for number, row in enumerate(array):
            yield b"," if number else b"["
            yield from _array_blocks(row)
        yield b"]"
        return
    step = max(1, _BLOCK // max(1, row_size))
    yield b"["
    for start in range(0, len(array), step):
        rows = array[start : start + step].tolist()
        yield (b"," if start else b"") + to_json(rows, inf_nan_mode="constants")[1:-1]
    yield b"]"

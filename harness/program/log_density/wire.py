"""Messages to and from the process of a program: a text and numbers, over two pipes."""

import os
import struct
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt

from harness.errors import DensityError

FloatArray = npt.NDArray[np.float64]

_SIZES = struct.Struct("=QQ")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reply:
    """What a program's process answers.

    Attributes
    ----------
    words : dict
        Of the first line, what stands as ``name=value``.
    lines : tuple of str
        Names that were asked for, or a line for each cause of a failure: how often, and what.
    printed : str
        What the program printed meanwhile.
    numbers : ndarray, shape (n,)
    """

    words: dict[str, int]
    lines: tuple[str, ...]
    printed: str
    numbers: FloatArray


class RefusalError(Exception):
    """The process has refused a request; the message is its reason."""


def send(pipe: int, text: str, numbers: FloatArray) -> None:
    """Write a message.

    Raises
    ------
    OSError
        If the process has gone.
    """
    words = text.encode()
    values = np.ascontiguousarray(numbers, dtype=np.float64)
    _write(pipe, memoryview(_SIZES.pack(len(words), values.size) + words))
    _write(pipe, memoryview(values).cast("B") if values.size else memoryview(b""))


def receive(pipe: int) -> Reply:
    """Read a message.

    Raises
    ------
    EOFError
        If the process has gone.
    RefusalError
        If it refuses what was asked.
    """
    n_bytes, n_numbers = _SIZES.unpack(_read(pipe, _SIZES.size))
    text = _read(pipe, n_bytes).decode(errors="replace")
    numbers = np.frombuffer(_read(pipe, 8 * n_numbers), dtype=np.float64)
    head, _, body = text.partition("\n")
    kind, _, words = head.partition(" ")
    if kind == "error":
        raise RefusalError(text.removeprefix("error "))
    listed, _, printed = f"\n{body}".partition("\nprinted\n")
    pairs = (word.partition("=") for word in words.split())
    return Reply(
        words={name: int(value) for name, _, value in pairs},
        lines=tuple(line for line in listed.splitlines() if line),
        printed=printed,
        numbers=numbers,
    )


def _write(pipe: int, content: memoryview) -> None:
    while content:
        content = content[os.write(pipe, content) :]


def _read(pipe: int, size: int) -> bytearray:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        n = os.readv(pipe, [rest])
        if n == 0:
            raise EOFError
        rest = rest[n:]
    return content


def switch_words(**switches: bool) -> str:
    """Return the words of a command that turn something on or off.

    Raises
    ------
    DensityError
        If one is no yes or no: any other object would count as yes.
    """
    for name, value in switches.items():
        if not isinstance(value, bool | np.bool_):
            raise DensityError(f"{name} is {value!r}; give True or False")
    return " ".join(f"{name}={value:d}" for name, value in switches.items())


def number_words(**numbers: float) -> str:
    """Return the words of a command that are numbers, so that they come back exactly.

    Raises
    ------
    DensityError
        If one is no number.
    """
    for name, value in numbers.items():
        if not isinstance(value, Real) or isinstance(value, bool):
            raise DensityError(f"{name} is {value!r}; give a number")
    # the word of a NumPy scalar is its type's too
    return " ".join(f"{name}={float(value)!r}" for name, value in numbers.items())

"""Words for what went wrong: errors that nobody expected, and sentences that are too long."""

import re
import traceback
from collections.abc import Iterable
from pathlib import Path

#: A sentence of CmdStan's or of a program's that is longer is cut.
_MAX_CHARACTERS = 400
#: Sentences that differ in nothing but numbers and whose path or chain they are of are one.
_PREFIX = re.compile(r"^(?:Path|Chain) ?\[?\d+\]? ?:? ?")
_NUMBER = re.compile(r"(?<!\w)[-+]?\d[\d.]*(?:e[-+]?\d+)?\b", re.IGNORECASE)


def unexpected(error: BaseException) -> str:
    """Say in one line what an error was that is a fault of the harness, and where it arose.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
    """
    frames = traceback.extract_tb(error.__traceback__)
    package = str(Path(__file__).parent)
    own = [frame for frame in frames if frame.filename.startswith(package)] or list(frames)
    where = f", {Path(own[-1].filename).name} line {own[-1].lineno}" if own else ""
    text = " ".join(str(error).split())
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return capped(f"a fault of the harness ({told}{where}); please report it")


def capped(text: str) -> str:
    """Cut a text that is too long for a cell of a table, and say so.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Its beginning and its end, if it is too long.
    """
    if len(text) <= _MAX_CHARACTERS:
        return text
    half = _MAX_CHARACTERS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half].rstrip()} […{left_out} characters…] {text[-half:].lstrip()}"


def told_once(sentences: Iterable[str]) -> list[str]:
    """Leave out sentences that say what one before them said.

    Parameters
    ----------
    sentences : iterable of str
        CmdStan repeats itself for every init, attempt, chain and path, with other numbers.

    Returns
    -------
    list of str
        The first of each kind, in their order.
    """
    first: dict[str, str] = {}
    for sentence in sentences:
        words = " ".join(sentence.split())
        first.setdefault(kind_of(words), words)
    return [words for words in first.values() if words]


def kind_of(sentence: str) -> str:
    """Return a sentence without what differs between repetitions of it.

    Parameters
    ----------
    sentence : str

    Returns
    -------
    str
    """
    return _NUMBER.sub("#", _PREFIX.sub("", sentence))

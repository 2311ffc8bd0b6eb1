"""Say in a clause what is wrong with a name, a value or a path."""

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

#: The largest seed that every random number generator takes, Stan's and NumPy's.
LARGEST_SEED = 2**31 - 1


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all there are.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What is allowed.

    Returns
    -------
    str
        A clause to put behind the complaint.
    """
    allowed = list(known)
    close = difflib.get_close_matches(name, allowed, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(allowed)}"


def seed_problem(seed: int) -> str:
    """Say why a number is no seed; empty if it is one."""
    if 0 <= seed <= LARGEST_SEED:
        return ""
    return f"the seed is {seed}; give a whole number from 0 to {LARGEST_SEED}"


def first_problem(error: ValidationError) -> str:
    """Return the first finding of a failed validation: where, what, and the value given."""
    finding = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in finding["loc"]) or "the whole"
    message = finding["msg"].removeprefix("Value error, ")
    if finding["type"] == "missing":
        return f"'{place}' is missing"
    given = finding["input"]
    shown = f" (given: {given!r})" if isinstance(given, int | float | str | bool) else ""
    return f"'{place}': {message[0].lower()}{message[1:]}{shown}"


def plain_name(name: str) -> str:
    """Return a name as folders, tables and messages can have it.

    Letters and digits of any script, dots, hyphens and underscores stay; the rest becomes an
    underscore.

    Parameters
    ----------
    name : str
        That of a file, perhaps.

    Returns
    -------
    str
        Never empty.

    Examples
    --------
    >>> plain_name("1 my mödel (v2)'#$.stan")
    '1_my_mödel_v2_.stan'
    """
    composed = unicodedata.normalize("NFC", name)
    return re.sub(r"[^\w.-]+", "_", composed).lstrip(".-_").rstrip("_") or "unnamed"


def shown(name: str) -> str:
    """Return a file's name as a line of text can have it.

    Parameters
    ----------
    name : str
        With characters, perhaps, that UTF-8 or a line of text has no place for.

    Returns
    -------
    str
    """
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def absence(path: Path) -> str:
    """Say why a path is no file: 'is a folder' or 'does not exist'."""
    return "is a folder" if path.is_dir() else "does not exist"

"""Say in a clause what is wrong with a name, a value or a path."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError


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


def absence(path: Path) -> str:
    """Say why a path is no file: 'is a folder' or 'does not exist'."""
    return "is a folder" if path.is_dir() else "does not exist"

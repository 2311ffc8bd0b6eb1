"""What the docstring of a class says of it and of its attributes (pure)."""

import re
from collections.abc import Mapping

from docstring_parser import DocstringStyle, parse

#: A reference as Sphinx writes it.
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def summary_of(thing: object) -> str:
    """Return the first line of a docstring, empty without one.

    Parameters
    ----------
    thing : class or function

    Returns
    -------
    str
        In Markdown.
    """
    return _as_markdown((thing.__doc__ or "").strip().partition("\n")[0])


def descriptions_of(cls: type) -> Mapping[str, str]:
    """Return what a class and its bases say of their attributes.

    Parameters
    ----------
    cls : type
        With a numpydoc section ``Attributes``.

    Returns
    -------
    Mapping
        From names to Markdown in one line.
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        for entry in parse(base.__doc__ or "", DocstringStyle.NUMPYDOC).params:
            if entry.args[0] == "attribute":
                text = _as_markdown(entry.description or "")
                found |= dict.fromkeys(entry.arg_name.split(", "), text)
    return found


def _as_markdown(text: str) -> str:
    """Return reStructuredText of a docstring as a line of Markdown."""
    return " ".join(_ROLE.sub(r"`\1`", text).replace("``", "`").split())

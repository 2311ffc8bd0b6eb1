"""A digest of code, so that what it made is not taken for what other code would make."""

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


@cache
def code_digest(patterns: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """Return a SHA-256 over modules of this package and the versions of libraries.

    Parameters
    ----------
    patterns : tuple of str
        Files below the package, for example ``metrics/*.py``.
    libraries : tuple of str
        Names of distributions.

    Returns
    -------
    str
    """
    hasher = hashlib.sha256()
    for pattern in patterns:
        for file in sorted(_PACKAGE.glob(pattern)):
            hasher.update(file.read_bytes())
    for name in libraries:
        hasher.update(f"{name} {importlib.metadata.version(name)}".encode())
    return hasher.hexdigest()

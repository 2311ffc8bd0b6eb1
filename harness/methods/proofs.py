"""Proofs that rows add up, kept: each is made once for a program and its data."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter

from harness.folders import cache_folder
from harness.methods.base import Problem
from harness.program.log_density import cpp_digest
from harness.program.rows import RowAxis

#: Raised when axes are found or proved in another way, so that older proofs are not found.
FORMAT = 3

_AXES = TypeAdapter(tuple[RowAxis, ...])


def kept_axes(problem: Problem, find: Callable[[], tuple[RowAxis, ...]]) -> tuple[RowAxis, ...]:
    """Return what is known of all axes, or find it out and keep it.

    Parameters
    ----------
    problem : Problem
        The program and its data.
    find : callable
        Proves or refuses each axis.

    Returns
    -------
    tuple of RowAxis
    """
    file = cache_folder() / "rows" / f"{_key(problem)}.json"
    with contextlib.suppress(OSError, ValueError):
        return _AXES.validate_json(file.read_bytes())
    axes = find()
    with contextlib.suppress(OSError):  # then it is proved again another time
        _write(file, _AXES.dump_json(axes))
    return axes


def _key(problem: Problem) -> str:
    """Return a digest of all that decides a proof."""
    identity = [
        FORMAT,
        cpp_digest(),
        problem.program.digest or str(problem.program.executable),  # its folder is a digest
        sorted(problem.program.program.data.items()),
        problem.dataset.digest,
        problem.dataset.counted_by,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _write(file: Path, content: bytes) -> None:
    """Write a file under another name first, so that nobody reads a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    Path(name).replace(file)

"""The rows of a problem: an axis that is proved to add up, and proved once."""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from pydantic import TypeAdapter

from harness.folders import cache_folder
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.program.log_density import cpp_digest
from harness.program.rows import RowAxis, choose_axis, prove_rows

#: Raised when axes are found or proved in another way, so that older proofs are not found.
FORMAT = 1

_AXES = TypeAdapter(tuple[RowAxis, ...])


def row_axis(problem: Problem, name: str | None = None) -> RowAxis:
    """Return the axis whose rows can be taken: the largest that adds up, or the one named.

    The proof is kept in the cache folder, under a digest of the program and its data.

    Parameters
    ----------
    problem : Problem
        The program and its data.
    name : str, optional
        The axis that is wanted.

    Returns
    -------
    RowAxis

    Raises
    ------
    ProgramError
        If there is none, or the one named does not add up; the message has the reason.
    DensityError
        If the program refuses the data.
    """
    return choose_axis(_axes_of(problem), name)


def _axes_of(problem: Problem) -> tuple[RowAxis, ...]:
    """Return what is known of all axes, or find it out and keep it."""
    file = cache_folder() / "rows" / f"{_key(problem)}.json"
    with contextlib.suppress(OSError, ValueError):
        return _AXES.validate_json(file.read_bytes())
    program = problem.program.program
    axes = prove_rows(program, problem.stan_data(), lambda: open_density(problem))
    with contextlib.suppress(OSError):  # then it is proved again another time
        _write(file, _AXES.dump_json(axes))
    return axes


def _key(problem: Problem) -> str:
    """Return a digest of all that decides a proof."""
    identity = [
        FORMAT,
        cpp_digest(),
        problem.program.digest,
        sorted(problem.program.program.data.items()),
        problem.dataset.digest,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _write(file: Path, content: bytes) -> None:
    """Write a file under another name first, so that nobody reads a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    Path(name).replace(file)

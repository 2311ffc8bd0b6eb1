"""Parts of rows whose log densities must add up to that of the whole (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.program.log_density import Rows

#: Random halves are of so many rows at most; further identities are of all rows.
MAX_ROWS = 20_000
_N_SINGLE = 8
_N_BLOCKS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Identity:
    """Rows that are to add up to others.

    Attributes
    ----------
    name : str
        What the parts are, for messages.
    parts : sequence of ndarray of int
    whole : ndarray of int or None
        What they are together; None for all rows.
    """

    name: str
    parts: Sequence[Rows]
    whole: Rows | None = None


def identities(rows: Rows, whole: Rows | None, rng: np.random.Generator) -> Iterator[Identity]:
    """Yield parts of some rows that must add up, cheap ones first.

    Parameters
    ----------
    rows : ndarray of int
        Which rows, ascending.
    whole : ndarray of int or None
        The same, or None if these are all.
    rng : Generator

    Yields
    ------
    Identity
    """
    some = rng.permutation(rows)[:MAX_ROWS]
    together = np.sort(some)
    single = np.sort(some[:_N_SINGLE])
    yield Identity(name="single rows", parts=list(single[:, None]), whole=single)
    first = rng.integers(max(1, rows.size - 1))
    pair = rows[first : first + 2]
    yield Identity(name="neighbouring rows", parts=list(pair[:, None]), whole=pair)
    halves = _sorted(np.array_split(some, 2))
    yield Identity(name="random halves", parts=halves, whole=together)
    # a program may take few rows in another way than many
    growing = np.split(some, 2 ** np.arange(1, int(np.log2(some.size)) + 1) - 1)
    yield Identity(name="larger and larger blocks", parts=_sorted(growing), whole=together)
    yield Identity(name="contiguous halves", parts=np.array_split(rows, 2), whole=whole)
    # so many that few pairs of rows are in one
    blocks = np.array_split(rng.permutation(rows), min(_N_BLOCKS, rows.size))
    yield Identity(name="random blocks", parts=_sorted(blocks), whole=whole)


def _sorted(parts: Sequence[Rows]) -> list[Rows]:
    return [np.sort(part) for part in parts]

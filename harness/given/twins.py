"""Whether two sets of draws are in part the same draws, in whatever order."""

from collections.abc import Iterable

import numpy as np

from harness.data.dataset import FloatArray

#: More than this part of the draws in common is no chance.
_LIMIT = 0.2
#: Where a part f of the draws of one chain are equal to others of it, as rounded ones are, another
#: chain has about 2 f of them by chance.
_BY_CHANCE = 4.0
#: So many quantities tell draws apart.
MOST_COLUMNS = 16


def shared_part(ours: FloatArray, theirs: FloatArray) -> float:
    """Return which part of the draws of one chain another has too.

    Parameters
    ----------
    ours, theirs : ndarray, shape (draw, quantity)

    Returns
    -------
    float
        0 if it may be chance, as of rounded or discrete draws.
    """
    moves = [_moves(rows) for rows in (ours, theirs)]
    distinct = [np.unique(rows, axis=0) for rows in moves]
    equal = [1 - len(each) / len(rows) for each, rows in zip(distinct, moves, strict=True)]
    both = len(np.unique(np.concatenate(distinct), axis=0))
    in_common = len(distinct[0]) + len(distinct[1]) - both
    part = in_common / min(map(len, distinct))
    return part if part > _LIMIT + _BY_CHANCE * max(equal) else 0.0


def columns_of(arrays: Iterable[FloatArray]) -> FloatArray:
    """Return some quantities of draws, shape (chain, draw, quantity): those that vary.

    Parameters
    ----------
    arrays : iterable of ndarray
        Each (chain, draw, ...).
    """
    columns: list[FloatArray] = []
    shape = (0, 0)
    for values in arrays:
        shape = values.shape[:2]
        for column in np.moveaxis(values.reshape(*shape, -1), -1, 0):
            if len(columns) < MOST_COLUMNS and column.min() < column.max():
                columns.append(column)
    return np.stack(columns, axis=-1) if columns else np.empty((*shape, 0))


def _moves(rows: FloatArray) -> FloatArray:
    """Return draws without those that repeat the last, as a chain that stays where it is has."""
    moved = np.r_[True, (rows[1:] != rows[:-1]).any(axis=1)]
    return rows[moved]

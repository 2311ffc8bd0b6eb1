"""Blocks of a program's rows, gathered once beside the model, and the density on each."""

import itertools
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from harness.errors import DensityError
from harness.program.log_density.density import Density, LogDensity
from harness.program.log_density.wire import number_words, switch_words

type Rows = npt.NDArray[np.intp]

#: Stands for no rows at all where blocks are named by their numbers.
NO_ROWS = -1

_numbers = itertools.count(1)


class RowBlocks:
    """Blocks of rows of a program, on each of which its density can be asked for.

    Rows stand in a block in the order in which they are given.  The blocks live beside the model,
    a copy of these rows, until :meth:`close` or the end of the ``with`` block.

    Parameters
    ----------
    density : Density
        The program with its data.
    axis : str
        The integer of the data that counts the rows.
    blocks : sequence of ndarray of int
        Which rows, from 0.

    Raises
    ------
    DensityError
        If the program has no such axis, the axis no such row, or a block holds no row numbers.
    """

    def __init__(self, density: Density, axis: str, blocks: Sequence[Rows]) -> None:
        names = list(density.axes)
        if axis not in names:
            known = ", ".join(names) or "none"
            raise DensityError(f"the program has no axis '{axis}'; it has {known}")
        if not isinstance(blocks, Iterable):
            raise DensityError(f"the blocks are {blocks!r}; give a list of arrays of row numbers")
        blocks = [_row_numbers(rows) for rows in blocks]
        self.n_blocks = len(blocks)
        self._density = density
        self._number = next(_numbers)
        sizes_and_rows = [part for rows in blocks for part in ([len(rows)], rows)]
        density.process.ask(
            f"partition partition={self._number} axis={names.index(axis)} sets={self.n_blocks}",
            np.concatenate([np.empty(0), *sizes_and_rows]),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:  # else the process may be gone
            self.close()

    def close(self) -> None:
        """Free the blocks."""
        self._density.process.ask(f"drop partition={self._number}")

    def gradient(
        self,
        points: npt.ArrayLike,
        blocks: Iterable[int] | None = None,
        *,
        weight: float = 1.0,
        jacobian: bool = True,
        propto: bool = False,
    ) -> LogDensity:
        """Return the log density on each block alone, and its gradient, at each point.

        With a weight w it is lp(no rows) + w (lp(block) - lp(no rows)): the likelihood of the block
        counts w times, prior and Jacobian once.

        Parameters
        ----------
        points : array_like, shape (point, parameter)
            On the unconstrained scale.
        blocks : iterable of int, optional
            Which blocks; :data:`NO_ROWS` for no rows at all.  All blocks by default.
        weight : float
            Of the block's likelihood.
        jacobian, propto
            As for :meth:`Density.log_density`.

        Returns
        -------
        LogDensity
            Values of shape (block, point), gradients of shape (block, point, parameter).
        """
        at = np.asarray(points, dtype=np.float64)
        numbers = np.arange(self.n_blocks) if blocks is None else np.array(list(blocks), dtype=int)
        if at.ndim != 2 or at.shape[1] != self._density.n_parameters:
            raise DensityError(
                f"the points have the shape {at.shape}; give (point, parameter), "
                f"with {self._density.n_parameters} parameters"
            )
        if not ((numbers >= NO_ROWS) & (numbers < self.n_blocks)).all():
            raise DensityError(f"there are {self.n_blocks} blocks; name them from 0")
        reply = self._density.ask(
            f"blocks partition={self._number} blocks={numbers.size} n={len(at)} "
            f"{number_words(weight=weight)} {switch_words(jacobian=jacobian, propto=propto)}",
            np.concatenate([numbers.astype(np.float64), at.reshape(-1)]),
        )
        table = reply.numbers.reshape(numbers.size, len(at), 1 + at.shape[1])
        return LogDensity(table[..., 0], table[..., 1:])


def _row_numbers(rows: npt.ArrayLike) -> Rows:
    """Return a block's rows; a fraction is no row, and a mask no list of rows."""
    found = np.asarray(rows)
    if found.ndim != 1 or not (found.size == 0 or np.issubdtype(found.dtype, np.integer)):
        raise DensityError(
            f"a block has elements of type {found.dtype} and shape {found.shape}; give the "
            "numbers of its rows, whole numbers from 0"
        )
    return found.astype(np.intp)

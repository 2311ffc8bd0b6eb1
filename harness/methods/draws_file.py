"""A file of draws as CmdStan's approximating methods write it (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import stanio

from harness.datasets import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawsFile:
    """Draws with CmdStan's own columns, whose names end in ``__``.

    Attributes
    ----------
    names : tuple of str
        The columns, ``x.1.2`` for an element of an array.
    cells : tuple of tuple of str
        Each draw's row as it is written, so that no digit is lost on the way to another call.
    table : ndarray, shape (draw, column)
        The cells as numbers.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    table: FloatArray

    @property
    def variables(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """Of each Stan variable, an array of shape (draw, ...)."""
        return {
            name: variable.extract_reshape(self.table)
            for name, variable in stanio.parse_header(",".join(self.names)).items()
            if not name.endswith("__")
        }

    def column(self, name: str) -> FloatArray:
        """Return one of CmdStan's own columns, shape (draw,)."""
        values: FloatArray = self.table[:, self.names.index(name)]
        return values

    def model_columns(self) -> list[str]:
        """Return a header and a line per draw, in CSV, without CmdStan's own columns."""
        kept = [i for i, name in enumerate(self.names) if not name.endswith("__")]
        return [",".join(row[i] for i in kept) for row in (self.names, *self.cells)]


def parse_draws_file(text: str, *, has_mean_row: bool = False) -> DrawsFile:
    """Parse a file of draws.

    Parameters
    ----------
    text : str
        The file's content: comment lines, a header and a line per draw.
    has_mean_row : bool
        Whether the first row is no draw: ``variational`` writes the approximation's mean there.

    Returns
    -------
    DrawsFile
    """
    names, *rows = [
        tuple(cell.strip() for cell in line.split(","))
        for line in text.splitlines()
        if line and line[0] != "#"
    ]
    cells = tuple(rows[1:] if has_mean_row else rows)
    table = np.array(cells, dtype=np.float64).reshape(-1, len(names))
    return DrawsFile(names=names, cells=cells, table=table)

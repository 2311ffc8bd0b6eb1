"""A file of draws as CmdStan's approximating methods write it (pure)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import stanio
from stanio.reshape import Variable, VariableType

from harness.data.dataset import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawsFile:
    """Draws with CmdStan's own columns, whose names end in ``__``.

    Attributes
    ----------
    names : tuple of str
        The columns, ``x.1.2`` for an element of an array.
    table : ndarray, shape (draw, column)
    """

    names: tuple[str, ...]
    table: FloatArray

    @property
    def parts(self) -> dict[str, FloatArray]:
        """Of each Stan variable, or each part of it that is real, an array of shape (draw, ...).

        See :func:`real_parts`.
        """
        return real_parts(self.names, self.table)

    def column(self, name: str) -> FloatArray:
        """Return one of CmdStan's own columns, shape (draw,)."""
        values: FloatArray = self.table[:, self.names.index(name)]
        return values


def real_parts(names: Collection[str], table: FloatArray) -> dict[str, FloatArray]:
    """Divide a table of draws into variables, and these into parts that are real.

    Parameters
    ----------
    names : collection of str
        CmdStan's names of the columns; those that end in ``__`` are its own and left out.
    table : ndarray, shape (draw, column)

    Returns
    -------
    dict
        Of each variable an array of shape (draw, ...); of a complex one two, ``z.real`` and
        ``z.imag``; of a tuple one for each real part of it, ``t.1`` and ``t.2.real``.  The parts
        of an array of tuples have its dimensions before their own.
    """
    parts: dict[str, FloatArray] = {}
    for name, variable in stanio.parse_header(",".join(names)).items():
        if not name.endswith("__"):
            parts.update(_parts(name, variable, table))
    return parts


def _parts(name: str, variable: Variable, table: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """Give the real parts of a variable that begins at some column."""
    if variable.type is VariableType.SCALAR:
        yield name, variable.extract_reshape(table)
    elif variable.type is VariableType.COMPLEX:
        values = variable.extract_reshape(table)
        yield f"{name}.real", np.ascontiguousarray(values.real)
        yield f"{name}.imag", np.ascontiguousarray(values.imag)
    else:
        size = variable.elt_size() // variable.num_elts()
        begins = [variable.start_idx + i * size for i in range(variable.num_elts())]
        for number, part in enumerate(variable.contents, start=1):
            elements = [dict(_parts(f"{name}.{number}", part, table[:, i:])) for i in begins]
            for leaf, values in elements[0].items():
                stacked = np.stack([element[leaf] for element in elements], axis=-1)
                shape = (*values.shape, *variable.dimensions)
                by_last = stacked.reshape(shape, order="F")
                n_own, n_array = values.ndim - 1, len(variable.dimensions)
                axes = (0, *range(1 + n_own, 1 + n_own + n_array), *range(1, 1 + n_own))
                yield leaf, by_last.transpose(axes)


def base_name(column: str) -> str:
    """Return the Stan variable that a column of CmdStan's belongs to."""
    return column.partition(".")[0].partition(":")[0]


def has_header(text: str) -> bool:
    """Whether a file of draws has more than comments; a process that failed may leave less."""
    return any(line and line[0] != "#" for line in text.splitlines())


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
        Without a last line that was cut off.
    """
    header, *rows = [line for line in text.splitlines() if line and line[0] != "#"]
    names = tuple(name.strip() for name in header.split(","))
    rows = [row for row in rows[has_mean_row:] if row.count(",") == len(names) - 1]
    if not rows:
        return DrawsFile(names=names, table=np.empty((0, len(names))))
    return DrawsFile(names=names, table=np.loadtxt(rows, delimiter=",", ndmin=2))


def continued(first: DrawsFile, file: DrawsFile) -> DrawsFile | None:
    """Return a file of more draws if it begins with those of another, None if it does not.

    Parameters
    ----------
    first : DrawsFile
        What an algorithm drew.
    file : DrawsFile
        What it drew when it was asked for more, with the same seed.

    Returns
    -------
    DrawsFile or None
    """
    begins = np.array_equal(file.table[: len(first.table)], first.table, equal_nan=True)
    return file if begins else None

"""One file of draws as CmdStan writes it: settings, names, numbers, and what is no draw (pure)."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.given.config import Config
from harness.given.contents import FORMS
from harness.messages.numerals import counted
from harness.methods.draws_file import real_parts

#: Why the output of other methods of CmdStan cannot be judged.
_REFUSED: Mapping[str, str] = {
    "optimize": "is the output of CmdStan's optimize: a single point, not draws",
    "generate_quantities": "is the output of CmdStan's generate_quantities, which has no "
    "parameters; give the draws that it was run on",
    "log_prob": "is the output of CmdStan's log_prob, which has no draws",
    "diagnose": "is the output of CmdStan's diagnose, which has no draws",
}
_METHODS = ("sample", "variational", "pathfinder", "laplace")
#: How the names of Stan's variables and CmdStan's own columns begin.
_NAME = re.compile(r"[A-Za-z]\w*(?:[.:]\w+)*")


@dataclass(frozen=True, kw_only=True, eq=False)
class CsvFile:
    """A file of draws.

    Attributes
    ----------
    title : str
        What messages call it.
    config : Config
        The settings of its run.
    comments : str
        All comment lines, as they are.
    names : tuple of str
        The columns.
    table : ndarray, shape (draw, column)
        The draws, without saved warm-up and ADVI's mean.
    notes : tuple of str
        What a reader has to know of it.
    """

    title: str
    config: Config
    comments: str
    names: tuple[str, ...]
    table: FloatArray
    notes: tuple[str, ...]

    @property
    def parts(self) -> dict[str, FloatArray]:
        """See :func:`harness.methods.draws_file.real_parts`."""
        return real_parts(self.names, self.table)

    def own(self, name: str) -> FloatArray | None:
        """Return one of CmdStan's own columns, shape (draw,), if the file has it."""
        return self.table[:, self.names.index(name)] if name in self.names else None


def parse_csv(content: bytes, *, title: str) -> CsvFile:
    """Parse a file of draws.

    Parameters
    ----------
    content : bytes
        Of a CSV file that CmdStan wrote.
    title : str
        What messages call the file.

    Returns
    -------
    CsvFile

    Raises
    ------
    DrawsError
        If CmdStan has not written it, or it has no draws, or is damaged.
    """
    text = content.decode("utf-8", "replace")
    lines = text.splitlines()
    plain = [i for i, line in enumerate(lines) if line.strip() and line[0] != "#"]
    head = lines[: plain[0]] if plain else lines
    config = Config(line[1:] for line in head if line.startswith("#"))
    _check_method(config, title)
    names = tuple(cell.strip() for cell in lines[plain[0]].split(",")) if plain else ()
    _check_names(names, title)
    rows, is_cut = _rows(lines, plain[1:], len(names), title, ends=text.endswith("\n"))
    table = _table(rows, names, title)
    drawn, notes = _draws(table, config, is_cut=is_cut)
    if not len(drawn):
        raise DrawsError(f"{title} has no draws; the run that wrote it has not come that far")
    return CsvFile(
        title=title,
        config=config,
        comments="\n".join(line for line in lines if line.startswith("#")),
        names=names,
        table=drawn,
        notes=notes,
    )


def _check_method(config: Config, title: str) -> None:
    """Refuse what is not the draws of a method."""
    if config.method in _REFUSED:
        raise DrawsError(f"{title} {_REFUSED[config.method]}")
    if config.method not in _METHODS:
        raise DrawsError(
            f"{title} has no comments in which CmdStan says which method it ran, so it is not "
            f"known what its rows are; give {FORMS}"
        )


def _check_names(names: Sequence[str], title: str) -> None:
    """Refuse a file without a line of names, or whose columns are not those of the program."""
    if not names:
        raise DrawsError(f"{title} has no draws; the run that wrote it has not come that far")
    own = [name for name in names if not name.endswith("__")]
    if not all(map(_NAME.fullmatch, names)) or len(set(names)) < len(names):
        raise DrawsError(
            f"{title} has no line with the name of each column; give the file of draws, not a "
            "diagnostic file"
        )
    third = len(own) // 3
    momenta = [f"p_{name}" for name in own[:third]]
    if third and own[third:] == [*momenta, *(f"g_{name}" for name in own[:third])]:
        raise DrawsError(
            f"{title} is a diagnostic file, with momenta and gradients; give the file of draws"
        )
    if not own:
        raise DrawsError(f"{title} has no columns of a program's variables")


def _rows(
    lines: Sequence[str], plain: Sequence[int], n_columns: int, title: str, *, ends: bool
) -> tuple[list[str], bool]:
    """Return the lines of numbers, and whether the last one was cut off and is left out."""
    kept = list(plain)
    is_last = bool(kept) and kept[-1] == len(lines) - 1
    is_cut = is_last and (not ends or lines[kept[-1]].count(",") + 1 < n_columns)
    if is_cut:
        kept.pop()
    for i in kept:
        n_cells = lines[i].count(",") + 1
        if n_cells != n_columns:
            raise DrawsError(
                f"{title} has {counted(n_cells, 'number')} in line {i + 1} but {n_columns} "
                "columns; the file is damaged"
            )
    return [lines[i] for i in kept], is_cut


def _table(rows: Sequence[str], names: Sequence[str], title: str) -> FloatArray:
    """Return the numbers, each exactly as it was written."""
    if not rows:
        return np.empty((0, len(names)))
    try:
        return np.loadtxt(rows, delimiter=",", comments=None, ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise DrawsError(f"{title} has a cell that is not a number ({error})") from error


def _draws(
    table: FloatArray, config: Config, *, is_cut: bool
) -> tuple[FloatArray, tuple[str, ...]]:
    """Leave out what is no draw, and say if draws are missing."""
    n_before, n_expected = 0, None
    if config.method == "variational":
        n_before = 1  # the approximation's mean
        n_expected = config.count("method.variational.output_samples", 1000)
    elif config.method == "sample":
        thin = max(config.count("method.sample.thin", 1), 1)
        if config.flag("method.sample.save_warmup"):
            n_before = math.ceil(config.count("method.sample.num_warmup", 1000) / thin)
        n_expected = math.ceil(config.count("method.sample.num_samples", 1000) / thin)
    elif config.method == "laplace":
        n_expected = config.count("method.laplace.draws", 1000)
    draws = table[n_before:]
    notes = []
    if is_cut or (n_expected is not None and len(draws) < n_expected):
        of = "" if n_expected is None else f" of {n_expected:,}"
        notes.append(f"the file ends after {len(draws):,}{of} draws: the run was cut short")
    return draws, tuple(notes)

"""Whatever was given, files or objects, as fits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import DrawsError
from harness.fits.fit import DrawKind
from harness.given.contents import Form, read_contents, title_of
from harness.given.csv_file import CsvFile, parse_csv
from harness.given.csv_fits import csv_fits
from harness.given.given import Given, given_method
from harness.given.json_draws import json_fit
from harness.given.trees import as_tree, read_tree, tree_fit
from harness.messages.clauses import plain_name
from harness.methods import METHODS

#: CmdStan's methods by the classes of cmdstanpy's fits; its others are no draws of a posterior.
_FITS = {
    "CmdStanMCMC": "sample",
    "CmdStanVB": "variational",
    "CmdStanPathfinder": "pathfinder",
    "CmdStanLaplace": "laplace",
}
#: What no fit can be called: nothing at all, and what tables call the reference.
_NO_TITLES = frozenset({"", "reference"})
#: What may be given from Python, for messages.
_KINDS = (
    "files, a fit of cmdstanpy (CmdStanMCMC, CmdStanVB, CmdStanPathfinder or CmdStanLaplace), "
    "an ArviZ DataTree, an xarray Dataset, a dict of arrays of shape (chain, draw, ...), or a "
    "dict of these by title"
)


def read_given(given: object, *, role: str, kind: DrawKind | None = None) -> list[Given]:
    """Read draws.

    Parameters
    ----------
    given : object
        A file, a fit, draws in memory, a list of these, or a mapping from titles to these.
    role : str
        What draws in memory are called where they have no title: ``fit`` or ``reference``.
    kind : DrawKind, optional
        What draws are where nothing in them tells.

    Returns
    -------
    list of Given
        Chains in several files are one fit.

    Raises
    ------
    DrawsError
        If something is none of these, or is damaged.
    """
    fits = list(_fits(given, role, kind))
    if not fits:
        raise DrawsError(f"no draws were given as {role}; give {_KINDS}")
    return fits


def _fits(given: object, role: str, kind: DrawKind | None) -> Iterator[Given]:
    """Give the fits of each thing; files are read together."""
    is_draws = as_tree(given, title=f"the {role}") is not None
    if isinstance(given, Mapping) and not is_draws:
        for title, item in given.items():
            if role == "fit" and str(title).strip() in _NO_TITLES:
                raise DrawsError(
                    f"a fit is called '{title}'; give it a title that no other row of the tables "
                    "has"
                )
            yield from _titled(str(title), read_given(item, role=role, kind=kind))
        return
    items: Iterable[Any] = [given]
    if isinstance(given, Sequence) and not isinstance(given, str) and not is_draws:
        items = given
    files: list[CsvFile] = []
    others: list[Given] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, str | Path):
            _read_file(Path(item), files, others, kind)
        else:
            others += _from_memory(item, role if number == 1 else f"{role} {number}", kind)
    yield from csv_fits(files)
    yield from others


def _titled(title: str, fits: Sequence[Given]) -> Iterator[Given]:
    """Call fits as their caller does; a title of the harness's tables names the method already."""
    for fit in fits:
        if fit.method.name in METHODS:
            yield fit if fit.method.title in title else replace(fit, variant=title)
        else:
            method = given_method(title, fit.draw_kind)
            yield replace(fit, title=f"'{title}'", method=method)


def _read_file(
    file: Path, files: list[CsvFile], others: list[Given], kind: DrawKind | None
) -> None:
    """Read one file: CmdStan's are put together later."""
    form, content = read_contents(file)
    named, stem = title_of(file), plain_name(file.name.partition(".")[0])
    if form is Form.CSV:
        files.append(parse_csv(content, title=named))
    elif form is Form.NETCDF:
        tree = as_tree(read_tree(content, title=named), title=named)
        assert tree is not None  # noqa: S101 - a tree is a tree
        others.append(tree_fit(tree, title=named, name=stem, kind=kind))
    else:
        others.append(json_fit(content, title=named, name=stem))


def _from_memory(item: Any, role: str, kind: DrawKind | None) -> list[Given]:
    """Read one object."""
    tree = as_tree(item, title=f"the {role}")
    if tree is not None:
        return [tree_fit(tree, title=f"the {role}", name=role, kind=kind)]
    files = [
        parse_csv(read_contents(path)[1], title=title_of(path)) for path in _cmdstanpy_files(item)
    ]
    for file in files:
        if file.config.method != _FITS[type(item).__name__]:
            raise DrawsError(
                f"{file.title} was overwritten: the file of a {type(item).__name__} has the "
                f"draws of CmdStan's {file.config.method}; give each fit another output_dir"
            )
    return list(csv_fits(files))


def _cmdstanpy_files(item: Any) -> list[Path]:
    """Return the files of a fit of cmdstanpy."""
    kind = type(item)
    is_own = kind.__module__.partition(".")[0] == "cmdstanpy"
    if not is_own:
        raise DrawsError(f"draws of type {kind.__name__} cannot be judged; give {_KINDS}")
    if kind.__name__ not in _FITS:
        raise DrawsError(
            f"a {kind.__name__} has no draws of a posterior by itself; give one of "
            f"{', '.join(_FITS)}"
        )
    runset = vars(item).get("runset") or vars(item)["_runset"]
    paths = [Path(file) for file in runset.csv_files]
    gone = [path for path in paths if not path.is_file()]
    if gone:
        raise DrawsError(
            f"the file {title_of(gone[0])} of a {kind.__name__} is gone; give the fit while its "
            "files are there, or keep them with output_dir"
        )
    return paths

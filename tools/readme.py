"""The blocks of the README that are made from results."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from harness.cli import perform
from harness.cli.console import OUT
from harness.errors import ResultsError
from harness.report import brief_picture, brief_results
from tools.bench import readme_block

#: The rows of the study's table: the reference, what may be trusted, and what may not.
_DATASET = "large"
_SERIES = (
    "NUTS reference",
    "NUTS default (gmm_fused)",
    "Laplace",
    "ADVI default, 5 replicates",
    "VI mean-field batches of 200, 5 replicates",
    "subsample ADVI m=10000 weighted, 5 replicates",
    "subsample ADVI m=200 unweighted, 5 replicates",
)
_FIGURE = "large_zoom"


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A block of the README.

    Attributes
    ----------
    folder : str
        The folder of results that it is made from.
    make : callable
        From that folder and the README's path to the text.
    """

    folder: str
    make: Callable[[Path, Path], str]


def _picture(folder: Path, readme: Path) -> str:
    """Return the study's picture."""
    return brief_picture(folder, figure=_FIGURE, seen_from=readme.parent)


def _notebook(folder: Path, _: Path) -> str:
    """Return the study's table."""
    return brief_results(folder, dataset=_DATASET, series=_SERIES)


def _bench(folder: Path, _: Path) -> str:
    """Return the bench's table."""
    return readme_block(folder)


#: Blocks by the name in their marks.
_BLOCKS: Mapping[str, _Block] = {
    "picture": _Block(folder="notebook", make=_picture),
    "notebook": _Block(folder="notebook", make=_notebook),
    "bench": _Block(folder="bench", make=_bench),
}


def updated(readme: Path, results: Path) -> str:
    """Return the text of a README with its blocks made again from the results.

    Parameters
    ----------
    readme : Path
        It has ``<!-- notebook: begin -->`` and ``<!-- notebook: end -->`` around the study's
        table; the marks ``picture`` and ``bench`` work in the same way.
    results : Path
        The folder that holds the results folders.  A block whose folder is missing is not changed.

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If results are damaged, or the README cannot be read or lacks a mark.
    """
    text = _text(readme)
    found = {name: block for name, block in _BLOCKS.items() if (results / block.folder).is_dir()}
    if not found:
        raise ResultsError(f"there are no results in '{results}'; run `make study` first")
    for name, block in found.items():
        text = with_block(text, name, block.make(results / block.folder, readme))
    return text


def _text(readme: Path) -> str:
    """Read a README."""
    try:
        return readme.read_text(encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot read '{readme}': {error.strerror}") from error


def update_readme(readme: Path, results: Path) -> None:
    """Write the blocks into a README.

    Raises
    ------
    ResultsError
        As :func:`updated`, or if it cannot be written.
    """
    text = updated(readme, results)
    try:
        readme.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write '{readme}': {error.strerror}") from error


def check_readme(readme: Path, results: Path) -> None:
    """Check that a README's blocks agree with the results, times included.

    Raises
    ------
    ResultsError
        As :func:`updated`, or if they differ.
    """
    shown, wanted = (text.splitlines() for text in (_text(readme), updated(readme, results)))
    pairs = enumerate(zip_longest(shown, wanted), start=1)
    line = next((number for number, (old, new) in pairs if old != new), None)
    if line is not None:
        raise ResultsError(
            f"'{readme}' differs from the results in '{results}' at line {line}; "
            "run `make readme` to write it again"
        )


def with_block(text: str, name: str, block: str) -> str:
    """Put a block between its marks (pure).

    Parameters
    ----------
    text : str
        It has both marks of the block, each once and in this order.
    name, block : str

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If a mark is missing or appears twice.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if re.findall(f"{begin}|{end}", text) != [begin, end]:
        raise ResultsError(
            f"the README must contain '{begin}' and '{end}', each once and in this order"
        )
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{rest.partition(end)[2]}"


def write_or_check(arguments: argparse.Namespace) -> None:
    """Write the blocks of results into a README, or make sure that they are there."""
    if arguments.check:
        check_readme(arguments.readme, arguments.results)
        OUT.print(f"{arguments.readme} has the numbers of the results", markup=False)
        return
    update_readme(arguments.readme, arguments.results)
    OUT.print(f"wrote {arguments.readme}", markup=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check as the command line says, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.readme", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 2 if the numbers differ"
    )
    parser.set_defaults(action=write_or_check)
    return perform(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())

"""The blocks of the README that are made from results."""

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path

from harness.bench import readme_block
from harness.errors import ResultsError
from harness.report import brief_results

#: Rows of the study's block: enough to see what may be trusted, and what it saves.
_SERIES = {
    "large": (
        "NUTS reference, the reference",
        "NUTS default (gmm_fused), raw labels",
        "NUTS default (gmm_fused)",
        "Laplace",
        "Pathfinder single",
        "ADVI default, 5 replicates",
        "ADVI tuned",
        "mini-batch ADVI m=200, 5 replicates",
        "subsample ADVI m=200 weighted, 5 replicates",
        "subsample ADVI m=10000 weighted, 5 replicates",
        "subsample ADVI m=200 unweighted, 5 replicates",
    ),
    "small": (
        "NUTS reference, the reference",
        "NUTS default (gmm)",
        "Laplace",
        "Pathfinder multi",
        "ADVI default, 5 replicates",
        "ADVI tuned",
        "ADVI full-rank tuned",
        "subsample ADVI m=50 weighted, 5 replicates",
    ),
}
_FIGURE = "large_zoom"


def _notebook(folder: Path, readme: Path) -> str:
    """Return the study's block."""
    return brief_results(folder, series=_SERIES, figure=_FIGURE, seen_from=readme.parent)


def _bench(folder: Path, _: Path) -> str:
    """Return the bench's block."""
    return readme_block(folder)


#: What makes a block, by its name, which is that of its folder of results and of its marks.
_BLOCKS: Mapping[str, Callable[[Path, Path], str]] = {"notebook": _notebook, "bench": _bench}


def updated(readme: Path, results: Path) -> str:
    """Return a README with its blocks as the results have them.

    Parameters
    ----------
    readme : Path
        Has ``<!-- notebook: begin -->`` and ``<!-- notebook: end -->`` around what the study says,
        and ``bench`` likewise.
    results : Path
        The folder of results folders; a block without a folder there stays as it is.

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If results are damaged, the README cannot be read or has not its marks.
    """
    text = _text(readme)
    found = [name for name in _BLOCKS if (results / name).is_dir()]
    if not found:
        raise ResultsError(f"there are no results in '{results}'; run `make study` first")
    for name in found:
        text = with_block(text, name, _BLOCKS[name](results / name, readme))
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
    """Make sure that a README's blocks are those of the results, times included.

    Raises
    ------
    ResultsError
        As :func:`updated`, or if they are not.
    """
    shown, wanted = (text.splitlines() for text in (_text(readme), updated(readme, results)))
    pairs = enumerate(zip_longest(shown, wanted), start=1)
    line = next((number for number, (old, new) in pairs if old != new), None)
    if line is not None:
        raise ResultsError(
            f"'{readme}' differs from the results in '{results}' at line {line}; "
            "write it again: make readme"
        )


def with_block(text: str, name: str, block: str) -> str:
    """Put a block between its marks (pure).

    Parameters
    ----------
    text : str
        With both marks of the block, once each and in their order.
    name, block : str

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If a mark is missing or stands twice.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if re.findall(f"{begin}|{end}", text) != [begin, end]:
        raise ResultsError(f"the README must have '{begin}' and '{end}' once each, in this order")
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{rest.partition(end)[2]}"

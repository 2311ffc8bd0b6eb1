"""``python -m tools.exact_draws.heavy_tails``: count the verdicts on draws with heavy tails."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tools.exact_draws.heavy import TAILS, Fault, count_heavy
from tools.exact_draws.trials import N_DRAWS, REFERENCE_SHAPE, columns

_DIMENSIONS = (5, 50)
_TEXT = """# Verdicts on draws with heavy tails

`python -m tools.exact_draws.heavy_tails` draws {n_draws:,} independent draws from a known
posterior with heavy tails as a fit, {n_reference:,} others as its reference, and judges the fit as
a comparison does. Exact draws should be *trust*ed; draws with a fault should never get better than
*means only*. A shift is in sds of a Gaussian with the same median absolute deviation. For the
effects of groups it is 0.23 of their sd between the 1% and 99% quantiles, less than the limit of
0.3: that some of these pass is right.

{table}

The columns of verdicts are numbers of trials; *decided by* has the criteria that decided those
that are not *trust*. All trials of a row come from its seed.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Count, and write a page and a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.exact_draws.heavy_tails", description=__doc__
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--repeats", type=int, default=40, help="of exact draws")
    parser.add_argument("--faulty", type=int, default=5, help="of each fault")
    parser.add_argument("--seed", type=int, default=1, help="decides all trials")
    parser.add_argument("--dimensions", type=int, nargs="+", default=_DIMENSIONS, metavar="D")
    arguments = parser.parse_args(argv)
    folder = arguments.results / "exact_draws"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for tails in TAILS:
        for d in arguments.dimensions:
            for fault in Fault:
                repeats = arguments.repeats if fault is Fault.NONE else arguments.faulty
                found = count_heavy(tails, d, fault, repeats=range(repeats), seed=arguments.seed)
                counted = columns(*found, seed=arguments.seed)
                rows.append({"tails": tails, "parameters": d, "draws": str(fault), **counted})
                # the trials take long, so that what is counted is written at once
                _write(pd.DataFrame(rows), folder)
    return 0


def _write(table: pd.DataFrame, folder: Path) -> None:
    """Write the page and the table."""
    table.to_csv(folder / "heavy_tails.csv", index=False, lineterminator="\n")
    page = _TEXT.format(
        n_draws=N_DRAWS,
        n_reference=REFERENCE_SHAPE[0] * REFERENCE_SHAPE[1],
        table=table.to_markdown(index=False),
    )
    (folder / "heavy_tails.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tools.exact_draws``: count the verdicts on draws whose worth is known."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd

from tools.exact_draws.posterior import CORRELATION, Draws
from tools.exact_draws.trials import N_DRAWS, REFERENCE_SHAPE, Count, columns, count

_DIMENSIONS = (5, 50, 500, 5000)
#: Trials that a process makes before it takes others.
_AT_ONCE = 5
#: Not 1, which was used while the level of the verdict's tests was set.
_SEED = 2
_TEXT = """# Verdicts on draws whose worth is known

`python -m tools.exact_draws` draws {n_draws:,} independent draws from a known Gaussian posterior as
a fit, {n_reference:,} others as its reference, and judges the fit as a comparison does. The
parameters are a stationary autoregression with correlation {correlation}.

- Exact draws should be *trust*ed in at least 95% of the trials.
- One parameter at a tenth of its sd should never get better than *means only*.
- Nor should one random direction at a tenth of its sd. Among more draws than about two for each
  parameter the narrowest combination is found. With {n_draws:,} draws of 5,000 parameters nothing
  in the draws tells of it: of all tests of their covariance at a level of 5% the best has a power
  of 9%, even if the covariance of the posterior is known (Onatski, Moreira and Hallin 2013, Annals
  of Statistics 41(3)). The gradients of the log densities of posterior and approximation at 200
  draws tell: these draws have them, as those of this project's Gaussians do.

{table}

The columns of verdicts are numbers of trials; *decided by* has the criteria that decided those
that are not *trust*. All trials of a row come from its seed. Seed 1 was used while the level of the
tests was set, so that other seeds check it. With `--dimensions` and `--seed` only these rows are
made anew, with `--repeats 0` or `--faulty 0` only those of the other kind.
"""


def _jobs(arguments: argparse.Namespace) -> Iterator[tuple[int, Draws, range]]:
    """Give the trials to run, some at a time."""
    for d in arguments.dimensions:
        for kind in Draws:
            repeats = _repeats(kind, arguments)
            for begin in range(0, repeats, _AT_ONCE):
                yield d, kind, range(begin, min(begin + _AT_ONCE, repeats))


def _repeats(kind: Draws, arguments: argparse.Namespace) -> int:
    """Return how many trials of a kind are asked for."""
    return int(arguments.repeats if kind is Draws.EXACT else arguments.faulty)


def _run(job: tuple[int, Draws, range], *, seed: int) -> Count:
    """Run trials of one kind."""
    d, kind, repeats = job
    return count(d, kind, repeats=repeats, seed=seed)


def _row(found: Count, *, seed: int) -> dict[str, object]:
    """Return a row of the table."""
    counted = columns(found.verdicts, found.decided_by, seed=seed)
    return {"parameters": found.d, "draws": str(found.kind), **counted}


def main(argv: Sequence[str] | None = None) -> int:
    """Count, and write a page and a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.exact_draws", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--repeats", type=int, default=200, help="of exact draws")
    parser.add_argument("--faulty", type=int, default=50, help="of each fault")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, default=_SEED, help="decides all trials")
    parser.add_argument("--dimensions", type=int, nargs="+", default=_DIMENSIONS, metavar="D")
    arguments = parser.parse_args(argv)
    folder = arguments.results / "exact_draws"
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame()
    if (folder / "verdicts.csv").is_file():
        old = pd.read_csv(folder / "verdicts.csv")
        kinds = [str(kind) for kind in Draws if _repeats(kind, arguments)]
        is_anew = old["parameters"].isin(arguments.dimensions) & (old["seed"] == arguments.seed)
        is_anew &= old["draws"].isin(kinds)
        table = old[~is_anew]
    counts: dict[tuple[int, Draws], Count] = {}
    with ProcessPoolExecutor(arguments.jobs) as pool:
        # the trials take long, so that what is counted is written at once
        for found in pool.map(partial(_run, seed=arguments.seed), _jobs(arguments)):
            key = (found.d, found.kind)
            counts[key] = counts[key] + found if key in counts else found
            new = pd.DataFrame([_row(each, seed=arguments.seed) for each in counts.values()])
            _write(
                pd.concat([table, new]).sort_values(["parameters", "seed"], kind="stable"), folder
            )
    return 0


def _write(table: pd.DataFrame, folder: Path) -> None:
    """Write the page and the table."""
    table.to_csv(folder / "verdicts.csv", index=False, lineterminator="\n")
    page = _TEXT.format(
        n_draws=N_DRAWS,
        n_reference=REFERENCE_SHAPE[0] * REFERENCE_SHAPE[1],
        correlation=CORRELATION,
        table=table.to_markdown(index=False),
    )
    (folder / "README.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

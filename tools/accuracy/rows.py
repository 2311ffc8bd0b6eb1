"""Time of mini-batches as the rows grow a hundredfold, and what of it more rows must cost.

python -m tools.accuracy.rows [--seeds 3] [--sizes 100000 1000000 10000000] [--to FOLDER]
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data.dataset import FloatArray
from harness.data.generators import GENERATORS
from harness.methods import make_method
from harness.methods.ascent import Ascended, End, ascend
from harness.methods.vi import Vi
from harness.program.compilation import compile_program
from harness.program.log_density import Density, RowBlocks
from harness.program.program import Program
from tools.accuracy.__main__ import RESULTS
from tools.accuracy.problems import STAN
from tools.pages import markdown

_BATCH = 200
_TIMED_BATCHES = 2000

PAGE = """# Time of mini-batches, by the number of rows

`python -m tools.accuracy.rows` wrote this page: the notebook's mixture, `stan/gmm.stan` unchanged,
`vi_meanfield` in batches of {batch}; medians of {n_seeds} runs on a busy machine, without the
reading of the data. The rows of the larger sets are drawn from those of the notebook.

{table}

- *A batch* is one gradient on the rows of one batch, out of all in random order. It does not
  depend on the number of rows.
- The time of a fit does, because its tolerance is a fixed part of a posterior sd: an estimate from
  m of N rows has an error of √(N/m - 1) posterior sds, so that about every row must be seen once.
  *One gradient* is the time of a single gradient on all rows, the least that this takes.
- *Same error* asks for the error that 100,000 rows leave, not in posterior sds but in the units of
  the parameters: the tolerance grows with √N.
"""


def _rows(n: int) -> FloatArray:
    known = np.asarray(GENERATORS["notebook_large"]())
    if n == len(known):
        return known
    return known[np.random.default_rng(1).integers(len(known), size=n)]


def _timed(density: Density, seed: int, scale: float) -> tuple[Ascended, float]:
    method = make_method("vi_meanfield", {"batch_size": _BATCH})
    assert isinstance(method, Vi)  # noqa: S101 - the registry cannot say it
    asked = method.asked("N", seed)
    start = time.perf_counter()
    found = ascend(density, dataclasses.replace(asked, tolerance=asked.tolerance * scale))
    return found, time.perf_counter() - start


def _seconds(does: Callable[[], object]) -> float:
    start = time.perf_counter()
    does()
    return time.perf_counter() - start


def _row(executable: Path, n: int, n_seeds: int, base: int) -> dict[str, float | str]:
    data = {"N": n, "y": _rows(n), "prior_sd": 1.0, "likelihood_weight": 1.0}
    seeds = range(1, 1 + n_seeds)
    with Density(executable, data, name=f"{n} rows") as density:
        at = np.zeros((1, density.n_parameters))
        gradient_s = np.median([_seconds(lambda: density.gradient(at)) for _ in seeds])
        rng = np.random.default_rng(n)
        blocks = np.array_split(rng.permutation(n), n // _BATCH)
        with RowBlocks(density, "N", blocks) as parts:
            some = [rng.integers(len(blocks), size=_TIMED_BATCHES) for _ in seeds]
            batch_s = np.median([_seconds(lambda: parts.gradient(at, each)) for each in some])  # noqa: B023 - it is called at once
        fits = [_timed(density, seed, 1.0) for seed in seeds]
        loose = [_timed(density, seed, float(np.sqrt(n / base))) for seed in seeds]
    return {
        "rows": f"{n:,}",
        "fit (s)": float(np.median([s for _, s in fits])),
        "passes": float(np.median([fit.n_passes for fit, _ in fits])),
        "a batch (ms)": 1e3 * float(batch_s) / _TIMED_BATCHES,
        "one gradient (s)": float(gradient_s),
        "same error: fit (s)": float(np.median([s for _, s in loose])),
        "same error: passes": float(np.median([fit.n_passes for fit, _ in loose])),
        "converged": f"{sum(fit.end is End.CONVERGED for fit, _ in [*fits, *loose])} "
        f"of {2 * n_seeds}",
    }


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy.rows")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--to", type=Path, default=RESULTS)
    asked = parser.parse_args()
    program = Program(name="gmm", file=STAN / "gmm.stan", parameters=())
    executable = compile_program(program).executable
    rows = [_row(executable, n, asked.seeds, asked.sizes[0]) for n in asked.sizes]
    asked.to.mkdir(parents=True, exist_ok=True)
    page = PAGE.format(batch=_BATCH, n_seeds=asked.seeds, table=markdown(pd.DataFrame(rows)))
    (asked.to / "rows.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    _main()

"""Run every case with several seeds and write ``results/accuracy/``.

python -m tools.accuracy [--seeds 10] [--cases TEXT] [--to FOLDER]

With ``--cases`` the rows of other cases stay; with ``--again`` the page is made anew from the saved
rows, and nothing is fitted.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.errors import DensityError
from harness.methods import METHODS, make_method
from harness.methods.ascent import End, ascend
from harness.methods.gaussian import Gaussian
from harness.methods.vi import Vi
from harness.program.compilation import compile_program
from harness.program.log_density import Density
from harness.program.program import Program
from tools.accuracy.problems import CASES, Case
from tools.accuracy.reference import best_gaussian, elbo
from tools.pages import markdown

RESULTS = Path(__file__).parent.parent.parent / "results" / "accuracy"
_AGREE_SD = 0.3
#: Gaussians are as good as one another whose ELBOs differ by fewer standard errors.
_AS_GOOD = 3
COLUMNS = (
    *("case", "method", "seed", "end", "distance", "passes", "seconds", "elbo"),
    *("mean_error", "sd_ratio_min", "sd_ratio_max"),
)


def _runs(case: Case, density: Density, n_seeds: int) -> Iterator[dict[str, Any]]:
    """Fit a case by each family with each seed, and compare with the best of its family."""
    for name in case.families:
        method = make_method(name, {"batch_size": case.batch_size})
        assert isinstance(method, Vi)  # noqa: S101 - the registry cannot say it
        axis = None if case.batch_size is None else "N"
        rows: list[tuple[dict[str, Any], Gaussian | None]] = []
        for seed in range(1, 1 + n_seeds):
            row = {"case": case.name, "method": name, "seed": seed}
            start = time.perf_counter()
            try:
                found = ascend(density, method.asked(axis, seed))
            except DensityError as error:
                rows.append((row | {"end": str(error)}, None))
                continue
            account = {
                "end": found.end.name.lower(),
                "distance": found.distance,
                "passes": found.n_passes,
                "seconds": time.perf_counter() - start,
                "elbo": found.elbo,
            }
            rows.append((row | account, found.gaussian))
        bests = _bests(density, case, [gaussian for _, gaussian in rows if gaussian is not None])
        for row, gaussian in rows:
            yield row if not bests or gaussian is None else row | _nearest(gaussian, bests)


def _bests(density: Density, case: Case, ends: list[Gaussian]) -> list[Gaussian]:
    """Return those with the largest ELBO, of the best near the ends of the runs.

    There are several where the posterior is exchangeable.
    """
    if case.best is not None or not case.has_best:
        return [] if case.best is None else [case.best]
    found: list[Gaussian] = []
    for end in ends:
        if not any(_agree(end, best) for best in found):
            found.append(best_gaussian(density, end, case.n_draws))
    if len(found) < 2:
        return found
    n_draws = 2**12 if case.n_draws else 2**8  # fewer for a posterior close to Gaussian
    elbos = [elbo(density, best, n_draws) for best in found]
    largest, its_error = max(elbos)
    return [
        best
        for best, (value, error) in zip(found, elbos, strict=True)
        if value > largest - _AS_GOOD * np.hypot(error, its_error)
    ]


def _agree(found: Gaussian, best: Gaussian) -> bool:
    """Whether a Gaussian is so near one that another best near it need not be looked for."""
    by = _compared(found, best)
    sd_ratio = max(by["sd_ratio_max"], 1 / by["sd_ratio_min"])
    return by["mean_error"] <= _AGREE_SD and sd_ratio <= 1 + _AGREE_SD


def _nearest(found: Gaussian, bests: list[Gaussian]) -> dict[str, float]:
    return min(
        (_compared(found, best) for best in bests),
        key=lambda by: by["mean_error"] + by["sd_ratio_max"] / by["sd_ratio_min"],
    )


def _compared(found: Gaussian, best: Gaussian) -> dict[str, float]:
    ratio = found.sd / best.sd
    return {
        "mean_error": float(np.max(np.abs(found.mean - best.mean) / best.sd)),
        "sd_ratio_min": float(ratio.min()),
        "sd_ratio_max": float(ratio.max()),
    }


def _summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each case and method."""
    rows = []
    for (case, method), group in runs.groupby(["case", "method"], sort=False):
        converged = group["end"] == End.CONVERGED.name.lower()
        wrong = converged & ~(group["mean_error"] <= _AGREE_SD)
        rows.append(
            {
                "case": case,
                "method": method,
                "runs": len(group),
                "converged": int(converged.sum()),
                "wrongly": int(wrong.sum()),
                "largest mean error (sds)": group["mean_error"].max(),
                "of converged runs": group["mean_error"][converged].max(),
                "least sd ratio": group["sd_ratio_min"].min(),
                "largest sd ratio": group["sd_ratio_max"].max(),
                "median passes": group["passes"].median(),
                "median time (s)": group["seconds"].median(),
            }
        )
    return pd.DataFrame(rows)


README = """# Accuracy of `vi_*` without any option

`python -m tools.accuracy` wrote this page from [runs.csv](runs.csv). Each case of
`tools/accuracy/problems.py` is fitted with {n_seeds} seeds, and all runs are counted.
[cost.md](cost.md) compares times on a million rows, [rows.md](rows.md) from 100,000 to ten million.

- The *best Gaussian* of a family is known, or comes from a long deterministic optimisation over
  fixed draws (`tools/accuracy/reference.py`), which begins at the ends of the runs. If it finds
  several, that with the largest ELBO counts; those whose ELBOs differ by less than {as_good}
  standard errors are as good, for example with the labels of a mixture swapped, and the nearest of
  them counts.
- *Converged* counts runs that said so, *wrongly* those of them whose mean error is above {agree}
  sds, or that have no best Gaussian to find: on *flat* and *divided groups* the ELBO has no
  maximum, so that errors are n/a.
- *Mean errors* are the largest over all parameters, in sds of the best Gaussian; *sd ratios* are
  sds divided by its sds. Both are the worst of the runs.
- *Passes* are gradients; those of batches count by their share of the rows. The times are of a busy
  machine.

{table}
"""


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cases", default="")
    parser.add_argument("--to", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="only the page, from saved rows")
    asked = parser.parse_args()
    if asked.again:
        return _write_page(pd.read_csv(asked.to / "runs.csv"), asked.to)
    assert set(METHODS) >= {family for case in CASES for family in case.families}  # noqa: S101
    asked.to.mkdir(parents=True, exist_ok=True)
    runs = _kept(asked.to / "runs.csv", asked.cases)
    for case in CASES:
        if asked.cases not in case.name:
            continue
        program = Program(name=case.file.stem, file=case.file, parameters=())
        executable = compile_program(program).executable
        with Density(executable, case.data(), name=case.name) as density:
            rows = list(_runs(case, density, asked.seeds))
        new = pd.DataFrame(rows, columns=COLUMNS)
        print(_summary(new).to_string(), flush=True)
        runs = pd.concat([runs, new], ignore_index=True) if len(runs) else new
        _write(runs, asked.to)  # a later case may take long
    return None


def _kept(file: Path, cases: str) -> pd.DataFrame:
    """Return the earlier runs of cases that are not run now."""
    if not (cases and file.exists()):
        return pd.DataFrame(columns=COLUMNS)
    earlier = pd.read_csv(file)
    others = [case.name for case in CASES if cases not in case.name]
    return earlier[earlier["case"].isin(others)]


def _write(runs: pd.DataFrame, to: Path) -> None:
    order = {case.name: number for number, case in enumerate(CASES)}
    runs = runs.sort_values("case", key=lambda names: names.map(order), kind="stable")
    runs.to_csv(to / "runs.csv", index=False, float_format="%.6g")
    _write_page(runs, to)


def _write_page(runs: pd.DataFrame, to: Path) -> None:
    text = README.format(
        n_seeds=runs["seed"].nunique(),
        agree=_AGREE_SD,
        as_good=_AS_GOOD,
        table=markdown(_summary(runs)),
    )
    (to / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _main()

"""Run every case with several seeds and write ``results/accuracy/``.

python -m tools.accuracy [--seeds 10] [--cases TEXT] [--to FOLDER]

With ``--cases`` the rows of other cases stay.
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
        if all(_compared(end, best)["mean_error"] > _AGREE_SD for best in found):
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


def _nearest(found: Gaussian, bests: list[Gaussian]) -> dict[str, float]:
    return min((_compared(found, best) for best in bests), key=lambda by: by["mean_error"])


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
                "mean error, worst": group["mean_error"].max(),
                "mean error, worst converged": group["mean_error"][converged].max(),
                "sd ratio, least": group["sd_ratio_min"].min(),
                "sd ratio, largest": group["sd_ratio_max"].max(),
                "passes, median": group["passes"].median(),
                "seconds, median": group["seconds"].median(),
            }
        )
    return pd.DataFrame(rows)


README = """# Accuracy of `vi_*` without any option

`python -m tools.accuracy` wrote this page. Each case is fitted with {n_seeds} seeds, all counted.
Errors of means are in sds of the best Gaussian of the family, and the largest over all parameters;
the best Gaussian is known, or comes from a long deterministic optimisation over fixed draws
(`tools/accuracy/reference.py`), which begins at the ends of the runs; of several, that with the
largest ELBO counts for all runs, or the nearest of those whose ELBOs differ by less than {as_good}
standard errors (labels of a mixture may be swapped). *Passes* are gradients, those of batches
counted by their share of the rows. *Wrongly* counts runs that said *converged* with an error above
{agree} sd, or where there is no best Gaussian. The times are of a busy machine.

{table}
"""


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cases", default="")
    parser.add_argument("--to", type=Path, default=RESULTS)
    asked = parser.parse_args()
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
        _write(runs, asked.to, asked.seeds)  # a later case may take long


def _kept(file: Path, cases: str) -> pd.DataFrame:
    """Return the earlier runs of cases that are not run now."""
    if not (cases and file.exists()):
        return pd.DataFrame(columns=COLUMNS)
    earlier = pd.read_csv(file)
    others = [case.name for case in CASES if cases not in case.name]
    return earlier[earlier["case"].isin(others)]


def _write(runs: pd.DataFrame, to: Path, n_seeds: int) -> None:
    order = {case.name: number for number, case in enumerate(CASES)}
    runs = runs.sort_values("case", key=lambda names: names.map(order), kind="stable")
    runs.to_csv(to / "runs.csv", index=False, float_format="%.6g")
    table = _summary(runs).to_markdown(index=False, floatfmt=".3g")
    text = README.format(n_seeds=n_seeds, agree=_AGREE_SD, as_good=_AS_GOOD, table=table)
    (to / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _main()

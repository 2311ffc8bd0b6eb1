"""Fit posteriors of known moments by every method, and write ``results/methods/``.

python -m tools.methods [--seeds 3] [--posteriors TEXT] [--methods a,b] [--to FOLDER]
"""

import argparse
import dataclasses
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables
from harness.errors import HarnessError
from harness.fits.fit import DrawKind, Status
from harness.methods import METHODS, Problem, make_method
from harness.methods.density import open_density
from harness.methods.draw_points import unconstrained_points
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from harness.program.stanc import describe_program
from tools.methods.correlations import correlation
from tools.methods.page import write
from tools.verdicts.known import FloatArray, Posterior
from tools.verdicts.posteriors import posteriors

RESULTS = Path(__file__).parents[2] / "results" / "methods"
STAN = Path(__file__).parents[1] / "verdicts"
#: From easy ones to adversaries, with 2 to 200 parameters.
TWELVE = (
    *("normal 2", "normal 50", "regression 20, collinear", "regression 200", "logistic 60"),
    *("Poisson 15", "Student-t 10, 20", "groups 8, noise 10, not", "groups 30, noise 2, centred"),
    *("banana 1", "funnel 10", "two modes, 0.3, 10"),
)
#: Methods on all rows.
NAMES = tuple(name for name in METHODS if not name.startswith("subsample"))
#: The errors of estimates from so many independent draws are small beside those that matter.
N_DRAWS = 10_000


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.methods")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--posteriors", default="")
    parser.add_argument("--methods", default=",".join(NAMES))
    parser.add_argument("--to", type=Path, default=RESULTS)
    asked = parser.parse_args()
    known = {posterior.name: posterior for posterior in posteriors()}
    rows: list[dict[str, Any]] = []
    for name in TWELVE:
        if asked.posteriors in name:
            rows += _fits(known[name], asked.methods.split(","), asked.seeds)
            write(pd.DataFrame(rows), asked.to, n_seeds=asked.seeds, n_draws=N_DRAWS)


def _fits(posterior: Posterior, names: list[str], n_seeds: int) -> Iterator[dict[str, Any]]:
    """Fit a posterior by every method with every seed."""
    dataset = Dataset(name="data", variables=plain_variables(dict(posterior.data)))
    problem = Problem(program=_compiled(posterior.program), dataset=dataset)
    related = correlation(posterior)
    for name in names:
        for seed in range(1, 1 + n_seeds):
            row = {"posterior": posterior.name, "d": posterior.mean.size, "method": name}
            row |= {"seed": seed} | _fit(problem, posterior, related, name, seed)
            print(row, flush=True)
            yield row


def _fit(
    problem: Problem, posterior: Posterior, related: FloatArray, name: str, seed: int
) -> dict[str, Any]:
    """Fit once; what fails has its reason."""
    start = time.perf_counter()
    try:
        method = make_method(name, _options(name))
        fit = method.fit(problem, seed=seed)
        if fit.status is not Status.OK:
            return {"failure": fit.reason, "time_s": time.perf_counter() - start}
        with open_density(problem) as density:
            points, _ = unconstrained_points(fit, density, problem.program.parameters)
    except HarnessError as error:
        return {"failure": str(error), "time_s": time.perf_counter() - start}
    flat = points.reshape(-1, points.shape[-1])
    ratio = flat.std(axis=0) / posterior.sd
    apart = np.abs(np.corrcoef(flat.T) - related)
    return {
        "mean_error": float(np.max(np.abs(flat.mean(axis=0) - posterior.mean) / posterior.sd)),
        "sd_ratio_min": float(ratio.min()),
        "sd_ratio_max": float(ratio.max()),
        "correlation_error": float(np.nanmax(apart)),
        "gradients": fit.cost.n_gradients,
        "time_s": fit.fit_time_s,
        "warnings": "; ".join(fit.warnings),
    }


def _options(name: str) -> dict[str, int]:
    """Return the options of a method: its defaults, but more draws where they cost little."""
    cls = METHODS[name]
    if cls.draw_kind is DrawKind.CHAINS:
        return {}
    wanted = {"n_draws": N_DRAWS, "n_draws_per_path": N_DRAWS, "n_proposals": 2 * N_DRAWS}
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return {option: n for option, n in wanted.items() if option in known}


@cache
def _compiled(name: str) -> CompiledProgram:
    file = STAN / f"{name}.stan"
    declared = describe_program(Program(name=name, file=file, parameters=()))
    return compile_program(Program(name=name, file=file, parameters=declared.parameters))


if __name__ == "__main__":
    _main()

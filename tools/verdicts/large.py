"""A logistic regression with many rows: harness fit beside NUTS at its defaults.

python -m tools.verdicts.large [--rows 200000] [--predictors 20] [--out results/verdicts/large.md]
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

import harness
from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables
from harness.methods import Nuts, Problem
from harness.program.compilation import compile_program
from harness.program.program import Program

MODEL = Path(__file__).parents[2] / "stan" / "logistic.stan"


def main() -> None:
    """Fit twice, compare, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--predictors", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("results/verdicts/large.md"))
    arguments = parser.parse_args()
    data = _data(arguments.rows, arguments.predictors)
    program = Program(name="logistic", file=MODEL, parameters=("beta",))
    compiled = compile_program(program)  # no part of either time
    begin = time.perf_counter()
    result = harness.fit(MODEL, data)
    fit_s = time.perf_counter() - begin
    problem = Problem(
        program=compiled, dataset=Dataset(name="data", variables=plain_variables(data))
    )
    begin = time.perf_counter()
    nuts = Nuts().fit(problem, seed=1)
    nuts_s = time.perf_counter() - begin
    draws = [
        tree["posterior"]["beta"].to_numpy().reshape(-1, arguments.predictors)
        for tree in (result.draws, nuts.read_draws())
    ]
    ours, theirs = draws
    shift = np.max(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / theirs.std(axis=0))
    ratios = ours.std(axis=0) / theirs.std(axis=0)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(
        f"# Logistic regression, {arguments.rows:,} rows x {arguments.predictors}\n\n"
        f"`stan/{MODEL.name}`. `harness fit`: **{result.verdict}** in {fit_s:.0f} s, "
        f"{result.n_gradients:,.0f} gradients; NUTS at its defaults, four chains on "
        f"{os.cpu_count()} cores: {nuts_s:.0f} s, {nuts.cost.n_gradients:,} gradients. That is "
        f"{fit_s / nuts_s:.3f} of the time and "
        f"{result.n_gradients / (nuts.cost.n_gradients or 1):.3f} of the gradients. Means agree "
        f"within {shift:.3f} sd, sds are {ratios.min():.3f} to {ratios.max():.3f} times those of "
        "NUTS.\n",
        encoding="utf-8",
    )
    print(arguments.out.read_text(encoding="utf-8"))


def _data(n: int, k: int) -> dict[str, object]:
    """Draw predictors and outcomes."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, k))
    chance = 1 / (1 + np.exp(-x @ (0.5 * rng.standard_normal(k))))
    return {"N": n, "K": k, "x": x, "y": (rng.random(n) < chance).astype(int)}


if __name__ == "__main__":
    main()

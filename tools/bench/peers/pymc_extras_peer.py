"""Pathfinder and DADVI of pymc-extras, on PyMC's model of the mixture and all rows."""

import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pymc_extras.inference as pmx


def pathfinder(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Fit Pathfinder with its defaults."""

    def fit(seed: int) -> Any:
        return pmx.fit_pathfinder(progressbar=False, random_seed=seed)

    return _fitted(fit, rows, job)


def dadvi(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Fit DADVI with its defaults."""

    def fit(seed: int) -> Any:
        return pmx.fit_dadvi(progressbar=False, random_seed=seed)

    return _fitted(fit, rows, job)


def _fitted(fit: Callable[[int], Any], rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Define the model and fit it from each seed; the first time of all is the cold one."""
    mixture = importlib.import_module("pymc_peer").mixture
    times, draws = [], []
    for seed in (job["seeds"][0], *job["seeds"]):
        start = time.perf_counter()
        with mixture(rows[:, 0], rows[:, 1]):
            trace = fit(seed)
        times.append(time.perf_counter() - start)
        draws.append({name: trace.posterior[name].to_numpy() for name in ("mu", "pi")})
    return {
        "cold_time_s": times[0],
        "warm_times_s": times[1:],
        "fit_times_s": times[1:],
        "draws": {name: np.stack([d[name] for d in draws[1:]]) for name in ("mu", "pi")},
        "packages": ["pymc-extras", "pymc"],
    }

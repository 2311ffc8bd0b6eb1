"""Nutpie on PyMC's model, compiled by Numba."""

import importlib
import time
from typing import Any

import numpy as np
import nutpie


def nuts(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Compile once and sample with nutpie's own adaptation."""
    mixture = importlib.import_module("pymc_peer").mixture
    start = time.perf_counter()
    compiled = nutpie.compile_pymc_model(mixture(rows[:, 0], rows[:, 1]))
    compile_time_s = time.perf_counter() - start
    warms, draws = [], []
    for seed in job["seeds"]:
        start = time.perf_counter()
        trace = nutpie.sample(
            compiled,
            chains=job["n_chains"],
            cores=job["n_chains"],
            tune=job["n_warmup"],
            draws=job["n_draws"],
            target_accept=job["adapt_delta"],
            seed=seed,
            progress_bar=False,
        )
        warms.append(time.perf_counter() - start)
        draws.append({name: trace.posterior[name].to_numpy() for name in ("mu", "pi")})
    return {
        "cold_time_s": compile_time_s + warms[0],
        "warm_times_s": warms,
        "draws": {name: np.stack([d[name] for d in draws]) for name in ("mu", "pi")},
        "packages": ["nutpie", "pymc", "numba"],
    }

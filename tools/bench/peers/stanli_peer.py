"""stanli, which interprets Stan programs without a C++ compiler, on a program of this project."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import stanli


def nuts(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Compile the program to stanli's own form with its data, then sample."""
    data = {"N": len(rows), "y": rows, "prior_sd": 1.0, "likelihood_weight": 1.0}
    file = Path(job["program"])
    start = time.perf_counter()
    model = stanli.Model(stan_file=str(file), data=data, include_paths=[str(file.parent)])
    compile_time_s = time.perf_counter() - start
    warms, draws = [], []
    for seed in job["seeds"]:
        start = time.perf_counter()
        fit = model.sample(
            chains=job["n_chains"],
            parallel_chains=job["n_chains"],
            warmup=job["n_warmup"],
            samples=job["n_draws"],
            delta=job["adapt_delta"],
            seed=seed,
            refresh=0,
        )
        warms.append(time.perf_counter() - start)
        by_chain = (job["n_chains"], job["n_draws"])
        mu = np.asarray(fit["mu"]).reshape(*by_chain, 2, 2)
        draws.append({"mu": mu, "pi": np.asarray(fit["pi"]).reshape(*by_chain, 2)})
    return {
        "cold_time_s": compile_time_s + warms[0],
        "warm_times_s": warms,
        "draws": {name: np.stack([d[name] for d in draws]) for name in ("mu", "pi")},
        "packages": ["stanli"],
    }

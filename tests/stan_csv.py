"""Sampler output written by hand, for the tools that read it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER = """# model = made_up_model
# method = sample (Default)
#   sample
#     num_samples = {n_draws}
#     num_warmup = {n_warmup}
#     save_warmup = {save_warmup}
#     thin = 1 (Default)
#     algorithm = hmc (Default)
#       hmc
#         engine = nuts (Default)
#           nuts
#             max_depth = 10 (Default)
"""
SAMPLER = ("lp__", "accept_stat__", "treedepth__", "divergent__", "energy__")


def autoregressive(
    rng: np.random.Generator, shape: tuple[int, int], correlation: float
) -> NDArray[np.float64]:
    """Draw chains (rows) of an AR(1) process."""
    chains = rng.normal(size=shape)
    for t in range(1, shape[1]):
        chains[:, t] += correlation * chains[:, t - 1]
    return chains


def write_chains(
    folder: Path, columns: dict[str, NDArray[np.float64]], *, n_warmup: int = 0
) -> list[str]:
    """Write chains as CmdStan would; the first `n_warmup` draws as saved warm-up.

    `columns` maps a column's name to an array of shape (chain, draw); the sampler's columns are
    made up where they are missing.
    """
    n_chains, n_draws = next(iter(columns.values())).shape
    rng = np.random.default_rng(0)
    filled = {name: np.full((n_chains, n_draws), 1.0) for name in SAMPLER}
    filled["divergent__"] = np.zeros((n_chains, n_draws))
    filled["energy__"] = rng.normal(size=(n_chains, n_draws))
    filled |= columns
    paths = []
    for chain in range(n_chains):
        rows = [
            ",".join(repr(float(values[chain, draw])) for values in filled.values())
            for draw in range(n_draws)
        ]
        rows.insert(n_warmup, "# Adaptation terminated\n# Step size = 0.9")
        text = HEADER.format(
            n_draws=n_draws - n_warmup, n_warmup=n_warmup, save_warmup=str(n_warmup > 0).lower()
        )
        text += "\n".join([",".join(filled), *rows])
        text += "\n# \n#  Elapsed Time: 0.5 seconds (Warm-up)\n#       0.25 seconds (Sampling)\n"
        path = folder / f"chain_{chain + 1}.csv"
        path.write_text(text)
        paths.append(str(path))
    return paths

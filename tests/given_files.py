"""Files of draws as CmdStan writes them, from the fits of a comparison."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

_HEADS = {
    "nuts": """# method = sample (Default)
#   sample
#     num_samples = {n_draws}
#     num_warmup = 1000 (Default)
#     save_warmup = false (Default)
#     thin = 1 (Default)
#     adapt
#       engaged = true (Default)
#       delta = {adapt_delta}
#     algorithm = hmc (Default)
#       hmc
#         engine = nuts (Default)
#           nuts
#             max_depth = 10 (Default)
#         metric = diag_e (Default)
""",
    "advi": """# method = variational
#   variational
#     algorithm = meanfield (Default)
#       meanfield
#     iter = 10000 (Default)
#     adapt
#       engaged = true (Default)
#       iter = 50 (Default)
#     output_samples = {n_draws}
""",
    "laplace": """# method = laplace
#   laplace
#     jacobian = true (Default)
#     draws = {n_draws}
""",
}
_OWN = {
    "nuts": {
        "lp__": "lp",
        "accept_stat__": "acceptance_rate",
        "stepsize__": "step_size",
        "treedepth__": "tree_depth",
        "n_leapfrog__": "n_steps",
        "divergent__": "diverging",
        "energy__": "energy",
    },
    "advi": {"lp__": "", "log_p__": "log_p", "log_g__": "log_q"},
    "laplace": {"log_p__": "log_p", "log_q__": "log_q"},
}


def write_fit(
    folder: Path, tree: xr.DataTree, *, program: str = "ar1", adapt_delta: float = 0.8
) -> list[Path]:
    """Write a fit of a comparison as CmdStan would have, a file per chain."""
    method = tree.attrs["method"]
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    columns: dict[str, NDArray[np.float64]] = {
        own: stats[name].to_numpy().astype(float) if name else np.zeros(shape)
        for own, name in _OWN[method].items()
    }
    for name, values in posterior.data_vars.items():
        array = values.to_numpy()
        for index in np.ndindex(*array.shape[2:]):
            column = ".".join([str(name), *(str(i + 1) for i in index)])
            columns[column] = array[(slice(None), slice(None), *index)]
    settings = _HEADS[method].format(n_draws=shape[1], adapt_delta=adapt_delta)
    return [
        _write(
            folder / f"{program}_{method}_{tree.attrs['variant']}_{chain + 1}.csv",
            f"# model = {program}_model\n{settings}# random\n#   seed = {tree.attrs['seed']}\n",
            {name: values[chain] for name, values in columns.items()},
            has_mean=method == "advi",
        )
        for chain in range(shape[0])
    ]


def _write(
    file: Path, head: str, columns: dict[str, NDArray[np.float64]], *, has_mean: bool
) -> Path:
    rows = [",".join(map(repr, row)) for row in np.column_stack(list(columns.values())).tolist()]
    if has_mean:  # so wrong that no test would pass if it were taken for a draw
        rows.insert(0, ",".join(["1e6"] * len(columns)))
    file.write_text(f"{head}{','.join(columns)}\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return file

"""Draws as CSV files that CmdStan's own readers take, one per chain."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.npy_file import FloatArray
from harness.errors import ResultsError
from harness.fits.posterior import posterior_parts
from harness.fits.sampler import sampler_columns

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: What readers look for in the comments of a file.  The draws of `fixed_param` have no adaptation
#: before them; CmdStan writes its default number of warm-up iterations all the same.
_HEAD = """\
# stan_version_major = 2
# stan_version_minor = 39
# stan_version_patch = 0
# model = {name}
# method = sample (Default)
#   sample
#     num_samples = {n}
#     num_warmup = 1000 (Default)
#     save_warmup = 0 (Default)
#     thin = 1 (Default)
#     adapt
#       engaged = 0
#     algorithm = fixed_param
#     num_chains = 1 (Default)
# id = {chain}
"""
#: No time is known of each chain; readers look for the lines all the same.
_TAIL = """\
#
#  Elapsed Time: 0 seconds (Warm-up)
#                0 seconds (Sampling)
#                0 seconds (Total)
#
"""


def write_draws_csv(draws: "xr.DataTree", folder: Path, *, name: str) -> tuple[Path, ...]:
    """Write draws, a file per chain.

    Parameters
    ----------
    draws : DataTree
        With the group ``posterior``, of shape (chain, draw, ...), and with what ``sample_stats``
        has of a sampler, where it is there.
    folder : Path
        Made if it is missing.
    name : str
        The program's; files are called ``<name>-1.csv`` and so on.

    Returns
    -------
    tuple of Path

    Raises
    ------
    ResultsError
        If the folder or a file cannot be written.
    """
    posterior = draws["posterior"].to_dataset()
    n_chains, n_draws = posterior.sizes["chain"], posterior.sizes["draw"]
    columns = {"lp__": np.zeros((n_chains, n_draws))}
    if "sample_stats" in draws.children:  # what it flagged decides the verdict on the files too
        columns |= sampler_columns(draws["sample_stats"].to_dataset())
    columns |= dict(_columns(posterior))
    table = np.stack(list(columns.values()), axis=-1)
    files = tuple(folder / f"{name}-{chain}.csv" for chain in range(1, 1 + n_chains))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for chain, file in enumerate(files):
            with file.open("w", encoding="utf-8") as out:
                out.write(_HEAD.format(name=name, n=n_draws, chain=chain + 1))
                out.write(",".join(columns) + "\n")
                np.savetxt(out, table[chain], fmt="%.18g", delimiter=",")
                out.write(_TAIL)
    except OSError as error:
        raise ResultsError(f"'{folder}' cannot be written ({error.strerror})") from error
    return files


def _columns(posterior: "xr.Dataset") -> Iterator[tuple[str, FloatArray]]:
    """Give each element of each variable under CmdStan's name, the first index fastest."""
    stored = [str(posterior[key].attrs.get("stan_name", key)) for key in posterior.data_vars]
    names = dict.fromkeys(name.partition(".")[0] for name in stored)
    for part, values in posterior_parts(posterior, tuple(names)).items():
        variable, *rest = part.split(".")
        numbers = [f":{word}" if word.isdigit() else f".{word}" for word in rest]
        stem = "".join([variable, *numbers])
        shape = values.shape[2:]
        flat = values.reshape(*values.shape[:2], -1, order="F")
        for number in range(flat.shape[-1]):
            index = np.unravel_index(number, shape, order="F")
            ending = "".join(f".{i + 1}" for i in index)
            yield f"{stem}{ending}", flat[:, :, number]

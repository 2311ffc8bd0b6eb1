"""What CmdStan's sampler writes beside its draws, and what that says of the chains."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness import metrics
from harness.data.npy_file import FloatArray
from harness.fits.fit import Diagnostics

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: CmdStan's columns, by ArviZ's names and with their types.
_STATISTICS: Mapping[str, tuple[str, type]] = {
    "lp__": ("lp", float),
    "accept_stat__": ("acceptance_rate", float),
    "stepsize__": ("step_size", float),
    "treedepth__": ("tree_depth", int),
    "n_leapfrog__": ("n_steps", int),
    "divergent__": ("diverging", bool),
    "energy__": ("energy", float),
}


def sampler_stats(names: Sequence[str], table: FloatArray) -> "xr.Dataset":
    """Return the sampler's statistics under ArviZ's names.

    Parameters
    ----------
    names : sequence of str
        CmdStan's names of the columns.
    table : ndarray, shape (chain, draw, column)

    Returns
    -------
    Dataset
        Those that are there; without parameters, CmdStan has no Hamiltonian.
    """
    n_chains, n_draws = table.shape[:2]
    return xr.Dataset(
        {
            name: (("chain", "draw"), table[:, :, names.index(column)].astype(dtype))
            for column, (name, dtype) in _STATISTICS.items()
            if column in names
        },
        coords={"chain": np.arange(n_chains), "draw": np.arange(n_draws)},
    )


def sampler_columns(stats: "xr.Dataset") -> dict[str, FloatArray]:
    """Return the sampler's statistics under CmdStan's names.

    Parameters
    ----------
    stats : Dataset
        With ArviZ's names.

    Returns
    -------
    dict
        Those that are there, each of shape (chain, draw), in CmdStan's order.
    """
    return {
        column: stats[name].to_numpy().astype(np.float64)
        for column, (name, _) in _STATISTICS.items()
        if name in stats.data_vars
    }


def sampler_diagnostics(stats: "xr.Dataset", *, max_tree_depth: int | None) -> Diagnostics:
    """Count what the sampler flagged.

    Parameters
    ----------
    stats : Dataset
        Statistics under ArviZ's names, whole or in part, after warm-up.
    max_tree_depth : int or None
        The permitted depth of trees, if it is known.

    Returns
    -------
    Diagnostics
        None for what no statistic tells.
    """
    diverging, steps = _values(stats, "diverging"), _values(stats, "n_steps")
    depth, energy = _values(stats, "tree_depth"), _values(stats, "energy")
    n_limit = None
    if depth is not None and max_tree_depth is not None:
        n_limit = int(np.count_nonzero(depth >= max_tree_depth))
    return Diagnostics(
        n_divergent=None if diverging is None else int(np.nansum(diverging)),
        tree_depth_max=None if depth is None else int(np.nanmax(depth)),
        n_tree_depth_limit=n_limit,
        e_bfmi_min=None if energy is None else float(metrics.chains.e_bfmi(energy).min()),
        n_leapfrog=None if steps is None else int(np.nansum(steps)),
    )


def _values(stats: "xr.Dataset", name: str) -> FloatArray | None:
    """Return a statistic as floats, shape (chain, draw); None if there is none."""
    if name not in stats.data_vars:
        return None
    return np.asarray(stats[name].to_numpy(), dtype=np.float64)

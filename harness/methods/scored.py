"""An approximation's draws with their scores, as a fit keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.posterior import posterior_group
from harness.messages.faults import capped
from harness.methods.base import Problem
from harness.methods.evaluation import Evaluated, Scores
from harness.methods.generated import variables_of

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredDraws:
    """The draws of an approximation as a fit keeps them.

    Attributes
    ----------
    tree : DataTree
        Groups ``posterior`` and ``sample_stats``, one chain.  ``sample_stats`` has ``log_p`` and
        ``log_q``.  The group ``points`` has, of some draws, their ``position`` on the
        unconstrained scale and, where it is known, the ``gradient`` of ``log_p`` there, with the
        names of ``unconstrained`` parameters; the ``own_gradient``, of ``log_q``; their numbers
        among the draws (``draw``); and as an attribute the ``wall_time_s`` that it took to find the
        positions.  The group ``scores`` has ``log_p`` and ``log_q`` of
        more draws of the approximation, where these are cheap.
    warnings : tuple of str
        What could not be scored, and which variables are undefined in some draws.
    """

    tree: "xr.DataTree"
    warnings: tuple[str, ...]


def put_together(
    problem: Problem,
    names: Sequence[str],
    table: FloatArray,
    *,
    found: Evaluated,
    log_q: FloatArray,
    scores: Scores | None,
    seed: int,
) -> ScoredDraws:
    """Put draws and what was found of them together."""
    variables = variables_of(problem.whole, names, table, seed=seed)
    one_chain = {name: values[None] for name, values in variables.parts.items()}
    stats = xr.Dataset({"log_p": _by_chain(found.log_p), "log_q": _by_chain(log_q)})
    tree = xr.DataTree.from_dict({"posterior": posterior_group(one_chain), "sample_stats": stats})
    points = points_group(found)
    if points is not None:
        tree["points"] = points
    if scores is not None:
        named = {"log_p": ("score", scores.log_p), "log_q": ("score", scores.log_q)}
        tree["scores"] = xr.DataTree(xr.Dataset(named))
    return ScoredDraws(tree=tree, warnings=(*_unscored(found), *variables.warnings))


def _by_chain(values: FloatArray) -> "xr.DataArray":
    """Give draws the dimensions (chain, draw)."""
    coords = {"chain": [0], "draw": np.arange(values.size)}
    return xr.DataArray(values[None], dims=("chain", "draw"), coords=coords)


def points_group(found: Evaluated) -> "xr.DataTree | None":
    """Return some draws on the unconstrained scale, with their gradients if these are known."""
    if found.positions is None:
        return None
    chosen, gradient, own = found.chosen, found.gradient, found.own_gradient
    known = slice(None) if gradient is None else np.isfinite(gradient).all(axis=1)
    if chosen[known].size == 0:
        return None
    dims = ("point", "unconstrained")
    group = xr.Dataset({"position": (dims, found.positions[chosen[known]])})
    group = group.assign_coords(draw=("point", chosen[known]))
    if gradient is not None:
        group["gradient"] = (dims, gradient[known])
        group = group.assign_coords(unconstrained=list(found.names))
    if own is not None:
        group["own_gradient"] = (dims, own[known])
    return xr.DataTree(group.assign_attrs(wall_time_s=found.search_time_s))


def _unscored(found: Evaluated) -> tuple[str, ...]:
    """Say how many draws have no log density, and why."""
    n_unknown = int(np.isnan(found.log_p).sum())
    if not n_unknown:
        return ()
    why = capped("; ".join(found.causes))
    return (f"{n_unknown} of {found.log_p.size} draws have no log density: {why}",)

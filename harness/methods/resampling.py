"""Draws of an approximation, resampled by their Pareto-smoothed importance weights.

Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72), smooth the weights.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness import metrics
from harness.errors import FitError
from harness.fits.fit import Cost, Fit, log_weights
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.draw_points import unconstrained_points
from harness.methods.evaluation import evaluate
from harness.methods.scored import points_group

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Keeps the generator of the resampling apart from others of the same seed.
_STREAM = 17


def resampled_fit(problem: Problem, fit: Fit, *, label: str, n_draws: int, seed: int) -> Fit:
    """Resample the draws of a fit by their weights, which are kept as the group ``proposals``.

    Parameters
    ----------
    problem : Problem
        What was fitted.
    fit : Fit
        With draws of an approximation.
    label : str
        What a warning calls them.
    n_draws : int
        Draws taken from these by their weights.
    seed : int
        Decides which.

    Returns
    -------
    Fit

    Raises
    ------
    FitError
        If the draws have no weights.
    """
    log_weight = log_weights(fit)
    weights = None if log_weight is None else metrics.psis.psis(log_weight)
    if weights is None or not np.isfinite(weights.weights).all():
        raise FitError(f"draws of {label} have no importance weights: {_cause(fit)}")
    rng = np.random.default_rng([seed, _STREAM])
    chosen = metrics.psis.systematic(weights.weights, n_draws, rng)
    return replace(
        fit,
        draws=_resampled(problem, fit, chosen),
        cost=_with_proposals(fit.cost, weights),
        warnings=(
            f"draws of {label}: {len(weights.weights):,}, worth {weights.n_effective:,.0f} "
            "by their weights",
            *fit.warnings,
        ),
    )


def _cause(fit: Fit) -> str:
    """Say why there are no weights."""
    return "; ".join(fit.warnings) or "the log density is not finite there"


def _with_proposals(cost: Cost, weights: "metrics.psis.Psis") -> Cost:
    """Add the densities of the proposals, each of which was evaluated with its gradient."""
    if cost.n_gradients is None:
        return cost
    return replace(cost, n_gradients=cost.n_gradients + len(weights.weights))


def _resampled(problem: Problem, fit: Fit, chosen: "np.typing.NDArray[np.intp]") -> "xr.DataTree":
    """Return the draws that were chosen, and the weights of all as proposals."""
    tree = fit.read_draws()
    stats = tree["sample_stats"].to_dataset()
    coords = {"draw": np.arange(len(chosen))}
    groups = {
        name: tree[name].to_dataset().isel(draw=chosen).assign_coords(coords)
        for name in ("posterior", "sample_stats")
    }
    taken = xr.DataTree.from_dict(groups)
    if "scores" in tree.children:
        taken["scores"] = tree["scores"]
    before = {name: ("proposal", stats[name].to_numpy()[0]) for name in ("log_p", "log_q")}
    taken["proposals"] = xr.DataTree(xr.Dataset(before))
    with open_density(problem) as density:
        known = replace(fit, draws=taken)
        points, is_own = unconstrained_points(known, density, problem.program.parameters)
        group = points_group(evaluate(density, points[0])) if is_own else None
    if group is not None:
        taken["points"] = group
    return taken

"""Draws of an approximation, resampled by Pareto-smoothed importance weights.

Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72), smooth the weights.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from harness import metrics
from harness.data.dataset import Dataset
from harness.errors import FitError, MethodError
from harness.fits.fit import Cost, DrawKind, Fit, Status, log_weights
from harness.methods.approximations import (
    Approximated,
    approximation_of,
    label_of,
    options_field,
)
from harness.methods.base import OPTIONS_CONFIG, Method, Problem, RowsUsed
from harness.methods.density import open_density
from harness.methods.draw_points import unconstrained_points
from harness.methods.evaluation import evaluate
from harness.methods.scored import points_group
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Keeps the generator of the resampling apart from others of the same seed.
_STREAM = 17


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Reweighted:
    """Draws of an approximation, resampled by importance weights.

    Some draws are duplicates.  The weights of all draws before resampling are kept as the group
    ``proposals``: k-hat is theirs, and tables tell what the resampled draws are worth.

    Attributes
    ----------
    of : str
        The approximation: ``laplace``, ``pathfinder``, ``advi``, ``advi_fullrank``,
        ``vi_meanfield``, ``vi_lowrank``, ``vi_fullrank``, ``dadvi`` or ``batch_and_match``.
    of_options : dict
        Its options, without the number of draws.
    n_proposals : int
        Draws of the approximation.
    n_draws : int
        Draws taken from these by their weights.
    """

    name: ClassVar[str] = "reweighted"
    title: ClassVar[str] = "reweighted"
    family: ClassVar[str] = "reweighted"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    of: Approximated = "laplace"
    of_options: dict[str, Any] = options_field()
    n_proposals: PositiveInt = 4000
    n_draws: PositiveInt = 1000

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse what cannot be weighted; see :meth:`harness.methods.base.Method.check`."""
        if self.n_draws > self.n_proposals:
            raise MethodError(
                f"method '{self.name}' takes n_draws = {self.n_draws} of n_proposals = "
                f"{self.n_proposals} draws; give more n_proposals"
            )
        self._approximation().check(dataset, program)

    def _approximation(self) -> Method:
        options = self.of_options
        return approximation_of(self.name, self.of, options, n_draws=self.n_proposals)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Approximate, weigh and resample; see :meth:`harness.methods.base.Method.fit`."""
        fit = self._approximation().fit(problem, seed=seed)
        if fit.status is not Status.OK:
            return fit
        log_weight = log_weights(fit)
        weights = None if log_weight is None else metrics.psis.psis(log_weight)
        label = label_of(self.of, self.of_options)
        if weights is None or not np.isfinite(weights.weights).all():
            raise FitError(f"draws of {label} have no importance weights: {_cause(fit)}")
        rng = np.random.default_rng([seed, _STREAM])
        chosen = metrics.psis.systematic(weights.weights, self.n_draws, rng)
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

"""Draws of an approximation, moved by transitions of NUTS; see `warm_nuts.py`."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import PositiveInt
from pydantic.dataclasses import dataclass as pydantic_dataclass

from harness.data.dataset import Dataset, FloatArray
from harness.errors import DensityError, FitError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.fits.sampler import sampler_diagnostics
from harness.messages.numerals import numeral
from harness.methods.approximations import (
    Approximated,
    approximation_of,
    label_of,
    options_field,
)
from harness.methods.base import OPTIONS_CONFIG, Method, Problem, RowsUsed
from harness.methods.density import open_density
from harness.methods.evaluation import MAX_POINTS
from harness.methods.generated import chain_posterior
from harness.methods.metered import Metered
from harness.methods.pool import POINTS_PER_PARAMETER, pool_size
from harness.methods.transitions import Moves
from harness.methods.warm_nuts import N_CHAINS, Moved, move
from harness.methods.warm_start import shrunk_covariance
from harness.program.log_density import Density
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Keeps the generator of the chains apart from others of the same seed.
_STREAM = 18
#: Half of the chains start so much farther from the approximation's centre than its draws.
_WIDER = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Done:
    """What chains gave, and when the approximation ended."""

    moved: Moved
    tree: "xr.DataTree"
    warnings: tuple[str, ...]
    n_gradients: int


@pydantic_dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class MovedDraws:
    """Warm NUTS: chains from an approximation find metric and step size, four of them go on.

    Half of the chains start at draws of the approximation, the other half twice as far from its
    centre, so that R-hat can tell a wrong start.  The draws are chains, and are judged as those of
    NUTS.  A mode far from the approximation stays unseen.

    Attributes
    ----------
    of : str
        The approximation: ``laplace``, ``pathfinder``, ``advi``, ``advi_fullrank``,
        ``vi_meanfield``, ``vi_lowrank``, ``vi_fullrank``, ``dadvi``, ``batch_and_match`` or
        ``pathfinder_mixture``.
    of_options : dict
        Its options, without the number of draws.
    n_draws : int
        Of all four chains that go on, to begin with; up to four times as many where that may be
        enough.
    """

    name: ClassVar[str] = "moved"
    title: ClassVar[str] = "moved"
    family: ClassVar[str] = "moved"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    of: Approximated = "laplace"
    of_options: dict[str, Any] = options_field()
    n_draws: PositiveInt = 1000

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse what cannot be moved; see :meth:`harness.methods.base.Method.check`."""
        self._approximation().check(dataset, program)

    def _approximation(self) -> Method:
        return approximation_of(self.name, self.of, self.of_options, n_draws=MAX_POINTS)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Approximate and move; see :meth:`harness.methods.base.Method.fit`."""
        fit = self._approximation().fit(problem, seed=seed)
        if fit.status is not Status.OK:
            return fit
        label = label_of(self.of, self.of_options)
        start = time.perf_counter()
        tree = fit.read_draws()
        if "points" not in tree.children:
            raise FitError(f"draws of {label} cannot be put on the unconstrained scale")
        points = tree["points"]["position"].to_numpy()
        try:
            with open_density(problem) as density:
                done = _moved(
                    problem, density, points, n_draws=-(-self.n_draws // N_CHAINS), seed=seed
                )
        except DensityError as error:
            raise FitError(str(error)) from error
        wall_time_s = time.perf_counter() - start
        approximated = fit.cost.n_gradients
        return Fit(
            status=Status.OK,
            draws=done.tree,
            draw_kind=self.draw_kind,
            diagnostics=_diagnostics(done.tree),
            fit_time_s=(fit.fit_time_s or 0.0) + wall_time_s,
            cost=Cost(
                adapt_time_s=fit.fit_time_s,
                run_time_s=wall_time_s,
                n_gradients=None if approximated is None else approximated + done.n_gradients,
            ),
            warnings=(
                f"chains start from draws of {label}, whose {numeral(fit.fit_time_s or 0.0, 2)} s "
                "count as adaptation",
                *done.warnings,
            ),
            used_data=problem.used_data(),
        )


def _diagnostics(tree: "xr.DataTree") -> Diagnostics:
    """Count what the sampler flagged; trees have the depth that they need, up to 10."""
    return sampler_diagnostics(tree["sample_stats"].to_dataset(), max_tree_depth=None)


def _moved(
    problem: Problem, density: Density, points: FloatArray, *, n_draws: int, seed: int
) -> _Done:
    """Move draws of an approximation."""
    rng = np.random.default_rng([seed, _STREAM])
    target = Metered(density)
    covariance = shrunk_covariance(points)
    n, d = points.shape
    factor = np.sqrt(np.diag(covariance))
    if n >= POINTS_PER_PARAMETER * d:
        factor = np.linalg.cholesky(covariance)
    moved = move(target, _starts(target, points, rng), factor=factor, rng=rng, n_draws=n_draws)
    if moved is None:
        raise FitError("the transitions were stopped for their cost")
    tree, warnings = _chain_tree(problem, density, moved.moves, seed=seed)
    return _Done(
        moved=moved,
        tree=tree,
        warnings=warnings,
        n_gradients=round(target.spent.in_gradients),
    )


def _starts(target: Metered, points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return where chains start: one half at draws, the other half farther out."""
    half = pool_size(points.shape[1]) // 2
    if len(points) < half:
        raise FitError(f"{len(points)} draws of an approximation; {half} chains start from them")
    drawn = points[rng.choice(len(points), half, replace=False)]
    centre = points.mean(axis=0)
    wide = centre + _WIDER * (points[rng.choice(len(points), half, replace=False)] - centre)
    lost = ~np.isfinite(target.log_density(wide))
    wide[lost] = drawn[lost]
    return np.concatenate([drawn, wide])


def _chain_tree(
    problem: Problem, density: Density, moves: Moves, *, seed: int
) -> "tuple[xr.DataTree, tuple[str, ...]]":
    """Put chains from the unconstrained scale into a tree, as those of NUTS."""
    shape = moves.points.shape[:2]
    posterior, warnings = chain_posterior(problem, density, moves.points, seed=seed)
    stats = xr.Dataset(
        {
            "lp": (("chain", "draw"), moves.log_p),
            "acceptance_rate": (("chain", "draw"), moves.accept),
            "n_steps": (("chain", "draw"), moves.n_leapfrog.astype(int)),
            "diverging": (("chain", "draw"), moves.diverged),
            "energy": (("chain", "draw"), moves.energy),
        },
        coords={"chain": np.arange(shape[0]), "draw": np.arange(shape[1])},
    )
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats}), warnings

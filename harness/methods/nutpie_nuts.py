"""NUTS as nutpie runs it, over a program's density: its warm-up adapts to correlations as well.

nutpie estimates a metric of low rank plus a diagonal from draws and their gradients.  It is an
optional package.
"""

import importlib
import importlib.util
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import lazy_loader as lazy
import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset, FloatArray
from harness.errors import DensityError, FitError, MethodError
from harness.fits.fit import Cost, DrawKind, Fit, Status
from harness.fits.sampler import sampler_diagnostics
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed
from harness.methods.counted_density import CountedDensity, random_start
from harness.methods.density import open_density
from harness.methods.generated import chain_posterior
from harness.methods.nuts import Nuts
from harness.program.log_density import Density
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: nutpie's names of statistics, by ArviZ's.
_STATISTICS = {
    "lp": "logp",
    "acceptance_rate": "mean_tree_accept",
    "step_size": "step_size",
    "tree_depth": "depth",
    "n_steps": "n_steps",
    "diverging": "diverging",
    "energy": "energy",
}
_POINT = "point"


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Nutpie:
    """NUTS by nutpie, whose warm-up adapts a low-rank metric; needs the package nutpie.

    Attributes
    ----------
    n_chains : int
        Number of chains; they run in parallel.
    n_warmup, n_draws : int
        Iterations of each chain for warm-up, and after it; only the latter are kept.
    adaptation : str
        Of the metric: ``low_rank``, or ``diag`` for scales alone.
    adapt_delta : float
        Target acceptance statistic, in (0, 1).
    max_tree_depth : int
        Maximum number of doublings of a trajectory.
    init_radius : float
        Chains start uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "nutpie"
    title: ClassVar[str] = "nutpie"
    family: ClassVar[str] = "nutpie"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    n_chains: PositiveInt = 4
    n_warmup: PositiveInt = 800
    n_draws: PositiveInt = 1000
    adaptation: Literal["low_rank", "diag"] = "low_rank"
    adapt_delta: Annotated[float, Field(gt=0, lt=1)] = 0.8
    max_tree_depth: PositiveInt = 10
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse to begin without the package; see :meth:`harness.methods.base.Method.check`."""
        if importlib.util.find_spec("nutpie") is None:
            raise MethodError(
                f"method '{self.name}' needs the package nutpie, which is not installed; install "
                "'advi-harness[nutpie]', or use method 'nuts'"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Sample; see :meth:`harness.methods.base.Method.fit`."""
        self.check(problem.dataset, problem.program.program)
        start = time.perf_counter()
        try:
            with ExitStack() as stack:
                densities = _Densities(problem, stack)
                first = densities.another()
                # tells the program's reason where nutpie would only say that nothing worked
                random_start(CountedDensity(first), radius=self.init_radius, seed=seed)
                trace = self._sample(first, densities, seed)
                wall_time_s = time.perf_counter() - start
                points = trace["posterior"][_POINT].to_numpy()
                posterior, warnings = chain_posterior(problem, first, points, seed=seed)
        except DensityError as error:
            raise FitError(str(error)) from error
        stats = _statistics(trace)
        diagnostics = sampler_diagnostics(stats, max_tree_depth=self.max_tree_depth)
        told = Nuts(
            n_chains=self.n_chains, n_draws=self.n_draws, max_tree_depth=self.max_tree_depth
        ).flags_of(diagnostics)
        return Fit(
            status=Status.OK,
            draws=xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats}),
            draw_kind=self.draw_kind,
            diagnostics=diagnostics,
            fit_time_s=wall_time_s,
            cost=_cost(trace, wall_time_s, densities.n_gradients),
            warnings=(*told, *warnings),
            used_data=problem.used_data(),
        )

    def _sample(self, first: Density, densities: "_Densities", seed: int) -> Any:
        """Run nutpie, each chain with a density of its own."""
        d = first.n_parameters
        nutpie = importlib.import_module("nutpie")
        model = importlib.import_module("nutpie.compiled_pyfunc").from_pyfunc(
            d,
            densities.for_chain,
            lambda *_seeds: lambda point: {_POINT: point},
            [np.dtype(float)],
            [(d,)],
            [_POINT],
            make_initial_point_fn=self._start(d),
        )
        try:
            return nutpie.sample(
                model,
                chains=self.n_chains,
                cores=min(self.n_chains, os.cpu_count() or 1),
                tune=self.n_warmup,
                draws=self.n_draws,
                adaptation=self.adaptation,
                target_accept=self.adapt_delta,
                maxdepth=self.max_tree_depth,
                seed=seed,
                progress_bar=False,
            )
        except RuntimeError as error:
            raise FitError(f"nutpie ended: {_first_line(error)}") from error

    def _start(self, d: int) -> Callable[[int], FloatArray]:
        """Return what gives starts by a seed."""
        return lambda seed: np.random.default_rng(seed).uniform(
            -self.init_radius, self.init_radius, d
        )


@plain_dataclass(eq=False)
class _Densities:
    """Processes with the same density, one for each chain, and what they were asked."""

    problem: Problem
    stack: ExitStack
    n_gradients: int = 0

    def another(self) -> Density:
        """Open one more."""
        return self.stack.enter_context(open_density(self.problem))

    def for_chain(self) -> Callable[[FloatArray], tuple[float, FloatArray]]:
        """Return a chain's own log density with its gradient."""
        density = self.another()

        def log_density(point: FloatArray) -> tuple[float, FloatArray]:
            self.n_gradients += 1
            value, gradient = density.gradient(point)
            return float(value), np.asarray(gradient)

        return log_density


def _first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).splitlines() or ["it gave no reason"])[0]


def _cost(trace: Any, wall_time_s: float, n_gradients: int) -> Cost:
    """Divide the time between warm-up and the rest as their leapfrog steps are."""
    warm, after = (
        float(trace[group]["n_steps"].to_numpy().sum())
        for group in ("warmup_sample_stats", "sample_stats")
    )
    adapt_time_s = wall_time_s * warm / (warm + after)
    return Cost(
        adapt_time_s=adapt_time_s, run_time_s=wall_time_s - adapt_time_s, n_gradients=n_gradients
    )


def _statistics(trace: Any) -> "xr.Dataset":
    """Return nutpie's statistics under ArviZ's names."""
    given = trace["sample_stats"]
    kinds: dict[str, type] = {"diverging": bool, "tree_depth": int, "n_steps": int}
    variables = {
        name: (("chain", "draw"), given[own].to_numpy().astype(kinds.get(name, float)))
        for name, own in _STATISTICS.items()
    }
    n_chains, n_draws = variables["lp"][1].shape
    return xr.Dataset(variables, coords={"chain": np.arange(n_chains), "draw": np.arange(n_draws)})

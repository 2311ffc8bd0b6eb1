"""The Laplace approximation, at a mode that is one.

A Gaussian on the unconstrained scale, centred at the posterior's mode there (Jacobian included),
with the inverse of the negative Hessian as its covariance: Tierney and Kadane (1986), JASA 81;
Gelman et al. (2013), Bayesian Data Analysis, section 4.1.  CmdStan's L-BFGS ends near a mode;
Newton steps over the program's density go the rest of the way.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.fits.fit import Diagnostics, DrawKind, Fit, log_weights
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed, refuse_files
from harness.methods.cmdstan_run import Console, Timed, run_folder, run_method
from harness.methods.counted_density import CountedDensity
from harness.methods.draws_file import parse_draws_file
from harness.methods.gaussian import Gaussian
from harness.methods.mode import polished, unmoved
from harness.methods.over_density import Found, fit_over_density
from harness.program.program import Program

#: What L-BFGS writes.
_MODE = "mode.csv"

_STEP = re.compile(r"^ *(\d+)(?: +[-+.\dena]+){5} +(\d+)\b", re.MULTILINE)
_ITERATION_LIMIT = "Maximum number of iterations hit"
#: Where the weights of the middle half of the draws differ by more, in nats, next to the mode there
#: is nothing like the Gaussian with its curvature.
_SPREAD_LIMIT = 10.0


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Laplace:
    """L-BFGS and Newton steps to a mode, then draws from the Gaussian with its curvature.

    Attributes
    ----------
    max_iterations : int
        Maximum number of iterations of L-BFGS.
    n_draws : int
        Draws taken from the approximation.
    init_radius : float
        L-BFGS starts uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "laplace"
    title: ClassVar[str] = "Laplace"
    family: ClassVar[str] = "Laplace"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    scores_last: ClassVar[bool] = True
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    max_iterations: PositiveInt = 2000
    n_draws: PositiveInt = 1000
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse rows in files; see :meth:`harness.methods.base.Method.check`."""
        refuse_files(self, dataset)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Optimise and draw; see :meth:`harness.methods.base.Method.fit`."""
        with run_folder(problem.stan_data()) as (data_file, folder):
            optimised = self._optimise(problem, data_file, folder, seed=seed)
            found = parse_draws_file((folder / _MODE).read_text())
        n_iterations, n_optimiser = _count(optimised.result.text)

        def find(density: CountedDensity) -> Found:
            names = density.density.variable_names()
            values = found.table[-1, [found.names.index(name) for name in names]]
            point = density.density.unconstrain(values)
            has_mode = not problem.program.has_unit_vectors
            mode = (polished if has_mode else unmoved)(density, point)
            return Found(
                approximation=Gaussian(mean=mode.point, factor=mode.lower),
                diagnostics=Diagnostics(n_iterations=n_iterations, mode_gap_sd=mode.gap_sd),
                warnings=self._warnings(optimised.result.text),
            )

        fit = fit_over_density(problem, find, n_draws=self.n_draws, seed=seed)
        fit = replace(fit, warnings=(*fit.warnings, *_unlike(fit)))
        return _with_optimiser(fit, wall_time_s=optimised.wall_time_s, n_gradients=n_optimiser)

    def _optimise(
        self, problem: Problem, data_file: Path, folder: Path, *, seed: int
    ) -> Timed[Console]:
        """Find a mode."""
        return run_method(
            problem.program.executable,
            *("method=optimize", "algorithm=lbfgs", "jacobian=1", f"iter={self.max_iterations}"),
            data_file=data_file,
            output_file=folder / _MODE,
            seed=seed,
            init_radius=self.init_radius,
        )

    def _warnings(self, console: str) -> tuple[str, ...]:
        """Put what the optimiser noted into sentences."""
        if _ITERATION_LIMIT not in console:
            return ()
        return (f"L-BFGS stopped at its limit of {self.max_iterations} iterations",)


def _unlike(fit: Fit) -> tuple[str, ...]:
    """Warn of a mode whose Gaussian the density does not follow, not even at its own draws.

    A funnel has such a mode far out in its neck: along each axis the density is like the Gaussian,
    but where two parameters change together it is not, and there is next to no mass around.
    """
    weights = log_weights(fit)
    if weights is None:
        return ()
    low, high = np.quantile(weights, [0.25, 0.75])
    if high - low <= _SPREAD_LIMIT:
        return ()
    return (
        "the density around the mode is not like the Gaussian with its curvature: the log weights "
        f"of the middle half of the draws differ by {high - low:.3g} nats",
    )


def _with_optimiser(fit: Fit, *, wall_time_s: float, n_gradients: int | None) -> Fit:
    """Add what L-BFGS took to the cost of a fit; where it did not tell, gradients are not known."""
    later = fit.cost
    n_later = later.n_gradients
    cost = replace(
        later,
        adapt_time_s=wall_time_s + (later.adapt_time_s or 0.0),
        n_gradients=None if n_gradients is None or n_later is None else n_gradients + n_later,
    )
    return replace(fit, fit_time_s=wall_time_s + (fit.fit_time_s or 0.0), cost=cost)


def _count(console: str) -> tuple[int | None, int | None]:
    """Return the iterations and the gradients of L-BFGS, from the last line of its table."""
    steps = _STEP.findall(console)
    return (int(steps[-1][0]), int(steps[-1][1])) if steps else (None, None)

"""The Laplace approximation as CmdStan makes it.

A Gaussian on the unconstrained scale, centred at the posterior's mode there (Jacobian included),
with the inverse of the negative Hessian as its covariance: Tierney and Kadane (1986), JASA 81;
Gelman et al. (2013), Bayesian Data Analysis, section 4.1.
"""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import FitError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed, refuse_batches
from harness.methods.cmdstan_run import Console, Timed, run_folder, run_method
from harness.methods.draws_file import DrawsFile, continued, parse_draws_file
from harness.methods.scoring import FurtherFile, scored_draws
from harness.program.program import Program

#: Files of a run.
_MODE, _HESSIAN, _DRAWS = "mode.csv", "hessian.json", "draws.csv"

_STEP = re.compile(r"^ *(\d+)(?: +[-+.\dena]+){5} +(\d+)\b", re.MULTILINE)
_ITERATION_LIMIT = "Maximum number of iterations hit"


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Laplace:
    """L-BFGS to a mode, then draws from the Gaussian with the curvature found there.

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
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    max_iterations: PositiveInt = 2000
    n_draws: PositiveInt = 1000
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse random batches; see :meth:`harness.methods.base.Method.check`."""
        refuse_batches(self.name, program)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Optimise and draw; see :meth:`harness.methods.base.Method.fit`."""
        with run_folder(problem.stan_data()) as (data_file, folder):
            optimised = self._optimise(problem, data_file, folder, seed=seed)
            drawn = self._draw(problem, data_file, folder, seed=seed)
            n_unconstrained = _check_hessian(folder / _HESSIAN)
            output = parse_draws_file((folder / _DRAWS).read_text())

            def more(n: int) -> DrawsFile | None:
                self._draw(problem, data_file, folder, seed=seed, n_draws=n)
                return continued(output, parse_draws_file((folder / _DRAWS).read_text()))

            log_p = output.column("log_p__")
            draws = scored_draws(
                problem,
                output,
                log_q=output.column("log_q__"),
                own_log_p=None if np.isnan(log_p).all() else log_p,
                seed=seed,
                further=FurtherFile(run=more, log_q="log_q__", cost_s=drawn.wall_time_s),
            )
        n_iterations, n_optimiser = _count(optimised.result.text)
        return Fit(
            status=Status.OK,
            draws=draws.tree,
            draw_kind=self.draw_kind,
            diagnostics=Diagnostics(n_iterations=n_iterations),
            fit_time_s=optimised.wall_time_s + drawn.wall_time_s,
            cost=Cost(
                adapt_time_s=optimised.wall_time_s,
                run_time_s=drawn.wall_time_s,
                n_gradients=None if n_optimiser is None else n_optimiser + 2 * n_unconstrained + 1,
            ),
            warnings=(*self._warnings(optimised.result.text), *draws.warnings),
            used_data=problem.used_data(),
        )

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

    def _draw(
        self,
        problem: Problem,
        data_file: Path,
        folder: Path,
        *,
        seed: int,
        n_draws: int | None = None,
    ) -> Timed[Console]:
        """Find the curvature at the mode and draw.

        The densities of draws that can be brought back are cheaper to find together, and cost no
        fit if one of them has none.
        """

        def run(*, calculate_log_p: bool) -> Timed[Console]:
            return run_method(
                problem.program.executable,
                *(f"diagnostic_file={folder / _HESSIAN}", "method=laplace"),
                *(f"mode={folder / _MODE}", "jacobian=1", f"draws={n_draws or self.n_draws}"),
                f"calculate_lp={calculate_log_p:d}",
                data_file=data_file,
                output_file=folder / _DRAWS,
                seed=seed,
            )

        if problem.program.has_unit_vectors:
            with suppress(FitError):
                return run(calculate_log_p=True)
        return run(calculate_log_p=False)

    def _warnings(self, console: str) -> tuple[str, ...]:
        """Put what the optimiser noted into sentences."""
        if _ITERATION_LIMIT not in console:
            return ()
        return (f"L-BFGS stopped at its limit of {self.max_iterations} iterations",)


def _check_hessian(file: Path) -> int:
    """Return the number of unconstrained parameters if the posterior is curved as at a mode.

    CmdStan takes the Cholesky factor of any matrix without a check of success, and draws.
    """
    hessian = np.array(json.loads(file.read_text())["Hessian"], dtype=np.float64)
    if not np.isfinite(hessian).all():
        raise FitError("the Hessian at the mode is not finite: there is no Laplace approximation")
    largest = float(np.linalg.eigvalsh(hessian).max())
    if largest >= 0:
        raise FitError(
            f"the Hessian at the mode has the eigenvalue {largest:.3g} where all must be "
            "negative: there is no Laplace approximation"
        )
    return int(hessian.shape[0])


def _count(console: str) -> tuple[int | None, int | None]:
    """Return the iterations and the gradients of L-BFGS, from the last line of its table."""
    steps = _STEP.findall(console)
    return (int(steps[-1][0]), int(steps[-1][1])) if steps else (None, None)

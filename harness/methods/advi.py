"""Automatic differentiation variational inference, as CmdStan runs it.

Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), JMLR 18(14): a Gaussian on the
unconstrained scale, fitted by stochastic gradient ascent on the evidence lower bound.

CmdStan is called directly: cmdstanpy 1.3.2 cannot read a run without step size adaptation.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import lazy_loader as lazy
import numpy as np
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset, FloatArray
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods.advi_output import (
    AdviEnd,
    ElboTrace,
    end_of_run,
    etas_tried,
    parse_adapted_eta,
    parse_elbo_file,
)
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed, refuse_files
from harness.methods.cmdstan_run import Console, Timed, run_folder, run_method
from harness.methods.draws_file import DrawsFile, continued, parse_draws_file
from harness.methods.retries import fit_with_retries
from harness.methods.scoring import FurtherFile, scored_draws
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Advi:
    """Mean-field ADVI on the full data; the defaults are CmdStan's.

    Attributes
    ----------
    max_iterations : int
        Maximum number of iterations of gradient ascent.
    grad_samples : int
        Monte Carlo draws for each gradient.
    elbo_samples : int
        Monte Carlo draws for each evaluation of the ELBO.
    eta : float or None
        Step size scale; by default CmdStan chooses it from a grid (its ``adapt``).
    adapt_iterations : int
        Number of iterations for each candidate step size.
    tol_rel_obj : float
        The run stops when the mean or the median relative change of the ELBO is below this value.
    eval_elbo : int
        Iterations between evaluations of the ELBO.
    n_draws : int
        Draws taken from the fitted approximation.
    max_retries : int
        Further attempts if CmdStan gives no fit, for example because all step sizes fail. Each has
        a seed derived from that of the run.
    """

    name: ClassVar[str] = "advi"
    title: ClassVar[str] = "ADVI"
    family: ClassVar[str] = "ADVI"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    scores_last: ClassVar[bool] = True
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL
    algorithm: ClassVar[Literal["meanfield", "fullrank"]] = "meanfield"

    max_iterations: PositiveInt = 10_000
    grad_samples: PositiveInt = 1
    elbo_samples: PositiveInt = 100
    eta: PositiveFloat | None = None
    adapt_iterations: PositiveInt = 50
    tol_rel_obj: PositiveFloat = 0.01
    eval_elbo: PositiveInt = 100
    n_draws: PositiveInt = 1000
    max_retries: NonNegativeInt = 2

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse rows in files; see :meth:`harness.methods.base.Method.check`."""
        refuse_files(self, dataset)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Fit all rows; see :meth:`harness.methods.base.Method.fit`."""
        return self._fit_data(
            problem, problem.stan_data(), used_data=problem.used_data(), seed=seed
        )

    def _fit_data(
        self, problem: Problem, data: Mapping[str, Any], *, used_data: dict[str, float], seed: int
    ) -> Fit:
        """Fit what the data say, which `used_data` sums up, again if that fails."""

        def attempt(own_seed: int) -> Fit:
            return self._attempt(problem, data, used_data=used_data, seed=own_seed)

        return fit_with_retries(attempt, seed=seed, max_retries=self.max_retries)

    def _attempt(
        self, problem: Problem, data: Mapping[str, Any], *, used_data: dict[str, float], seed: int
    ) -> Fit:
        """Fit once."""
        timed, trace, draws_text = self._run(problem, data, seed=seed)
        output = parse_draws_file(draws_text, has_mean_row=True)
        log_p = output.column("log_p__")
        draws = scored_draws(
            problem,
            output,
            log_q=output.column("log_g__"),
            # of a part of the rows it is another density
            own_log_p=log_p if problem.part is None else None,
            seed=seed,
            further=self._further(problem, data, output, seed=seed, cost_s=timed.cpu_time_s),
        )
        draws.tree["elbo_trace"] = _trace_group(trace)
        end, eta = self._end(trace), self.eta or parse_adapted_eta(draws_text)
        tried = etas_tried(eta) if self.eta is None and eta else ()
        n_iterations = self._n_iterations(end, trace)
        return Fit(
            status=Status.OK,
            draws=draws.tree,
            draw_kind=self.draw_kind,
            diagnostics=Diagnostics(
                elbo=float(trace.elbo[-1]) if trace.elbo.size else None,
                elbo_mcse=self._elbo_mcse(log_p),
                n_iterations=n_iterations,
                converged=end.converged,
                may_be_diverging=end.may_be_diverging,
                eta=eta,
                etas_tried=tried,
            ),
            fit_time_s=timed.wall_time_s,
            cost=self._cost(timed, n_iterations, len(tried)),
            warnings=(*self._warnings(end, trace), *draws.warnings),
            used_data=used_data,
        )

    def _further(
        self,
        problem: Problem,
        data: Mapping[str, Any],
        first: DrawsFile,
        *,
        seed: int,
        cost_s: float,
    ) -> FurtherFile:
        """Have CmdStan run again for more draws of the approximation, if it is the same."""

        def run(n: int) -> DrawsFile | None:
            text = self._run(problem, data, seed=seed, n_draws=n)[2]
            return continued(first, parse_draws_file(text, has_mean_row=True))

        return FurtherFile(run=run, log_q="log_g__", cost_s=cost_s)

    def _run(
        self, problem: Problem, data: Mapping[str, Any], *, seed: int, n_draws: int | None = None
    ) -> tuple[Timed[Console], ElboTrace, str]:
        """Run CmdStan; return its console, its ELBO file and the text of its draws."""
        with run_folder(data) as (data_file, folder):
            draws_file, elbo_file = folder / "draws.csv", folder / "elbo.csv"
            timed = run_method(
                problem.program.executable,
                *(f"diagnostic_file={elbo_file}", *self._arguments(n_draws or self.n_draws)),
                data_file=data_file,
                output_file=draws_file,
                seed=seed,
            )
            return timed, parse_elbo_file(elbo_file.read_text()), draws_file.read_text()

    def _arguments(self, n_draws: int) -> list[str]:
        """Return the options in CmdStan's grammar."""
        adaptation = ["engaged=0"]
        if self.eta is None:
            adaptation = ["engaged=1", f"iter={self.adapt_iterations}"]
        return [
            *("method=variational", f"algorithm={self.algorithm}", f"iter={self.max_iterations}"),
            *(f"grad_samples={self.grad_samples}", f"elbo_samples={self.elbo_samples}"),
            *(f"tol_rel_obj={self.tol_rel_obj}", f"eval_elbo={self.eval_elbo}"),
            f"output_samples={n_draws}",
            *([] if self.eta is None else [f"eta={self.eta}"]),
            *("adapt", *adaptation),
        ]

    def _elbo_mcse(self, log_p: FloatArray) -> float | None:
        """Return the standard error of an evaluation of the ELBO, from the draws' log density."""
        if log_p.size < 2:
            return None
        return float(log_p.std(ddof=1) / np.sqrt(self.elbo_samples))

    def _end(self, trace: ElboTrace) -> AdviEnd:
        """Say how gradient ascent ended."""
        return end_of_run(
            trace,
            max_iterations=self.max_iterations,
            eval_elbo=self.eval_elbo,
            tol_rel_obj=self.tol_rel_obj,
        )

    def _n_iterations(self, end: AdviEnd, trace: ElboTrace) -> int:
        """Return the last iteration: a run stops at evaluations of the ELBO or at its limit."""
        return self.max_iterations if end.converged == "no" else int(trace.iteration[-1])

    def _cost(self, timed: Timed[Console], n_iterations: int, n_tried: int) -> Cost:
        """Split the time, count the gradients."""
        adapt_time_s: float | None = 0.0
        if self.eta is None:
            adapt_time_s = timed.result.seconds_between("Begin eta adaptation", "Success!")
        n_steps = n_iterations + n_tried * self.adapt_iterations
        return Cost(
            adapt_time_s=adapt_time_s,
            run_time_s=None if adapt_time_s is None else timed.wall_time_s - adapt_time_s,
            n_gradients=n_steps * self.grad_samples,
        )

    def _warnings(self, end: AdviEnd, trace: ElboTrace) -> tuple[str, ...]:
        """Put what CmdStan noted into sentences."""
        warnings = []
        if end.converged == "no":
            warnings.append(
                f"ran all {self.max_iterations} iterations without meeting the stopping rule"
            )
        elif trace.iteration.size and trace.iteration[-1] <= self.max_iterations / 10:
            warnings.append(
                f"the {end.converged} relative change of the ELBO stopped the run at "
                f"iteration {trace.iteration[-1]} of {self.max_iterations}"
            )
        if end.may_be_diverging:
            warnings.append("CmdStan warns that the ELBO may be diverging")
        if end.elbo_was_larger:
            warnings.append("an earlier ELBO was more than 5% better than the last one")
        return tuple(warnings)


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class AdviFullrank(Advi):
    """ADVI with a full covariance matrix; options as for ``advi``."""

    name: ClassVar[str] = "advi_fullrank"
    title: ClassVar[str] = "ADVI full-rank"
    algorithm: ClassVar[Literal["meanfield", "fullrank"]] = "fullrank"


def _trace_group(trace: ElboTrace) -> "xr.DataTree":
    """Return the ELBO's trace as a group of a fit's draws."""
    variables = {
        "elbo": ("iteration", trace.elbo),
        "elapsed_s": ("iteration", trace.elapsed_s),
    }
    return xr.DataTree(xr.Dataset(variables, coords={"iteration": trace.iteration}))

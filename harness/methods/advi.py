"""Automatic differentiation variational inference, as CmdStan runs it.

Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), JMLR 18(14): a Gaussian on the
unconstrained scale, fitted by stochastic gradient ascent on the evidence lower bound.
"""

from pathlib import Path
from typing import ClassVar, Literal

import arviz_base
import cmdstanpy
import numpy as np
import xarray as xr
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.datasets import Dataset, FloatArray
from harness.errors import FitError
from harness.fit import Diagnostics, DrawKind, Fit, Status
from harness.methods.advi_output import (
    AdviConsole,
    ElboTrace,
    parse_console,
    parse_elbo_file,
)
from harness.methods.base import OPTIONS_CONFIG, Problem
from harness.methods.cmdstan_run import SIG_FIGS, run_folder, timed_call


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Advi:
    """Mean-field ADVI on the full data; the defaults are CmdStan's.

    Attributes
    ----------
    max_iterations : int
        Limit on the iterations of gradient ascent.
    grad_samples, elbo_samples : int
        Monte Carlo draws for a gradient and for an evaluation of the ELBO.
    eta : float or None
        Step size scale; None lets CmdStan choose it from a grid (its ``adapt``).
    adapt_iterations : int
        Iterations that each candidate step size is tried for.
    tol_rel_obj : float
        The run stops when the mean or the median relative change of the ELBO falls below.
    eval_elbo : int
        Iterations between evaluations of the ELBO.
    n_draws : int
        Draws taken from the fitted approximation.
    """

    name: ClassVar[str] = "advi"
    algorithm: ClassVar[Literal["meanfield", "fullrank"]] = "meanfield"

    max_iterations: PositiveInt = 10_000
    grad_samples: PositiveInt = 1
    elbo_samples: PositiveInt = 100
    eta: PositiveFloat | None = None
    adapt_iterations: PositiveInt = 50
    tol_rel_obj: PositiveFloat = 0.01
    eval_elbo: PositiveInt = 100
    n_draws: PositiveInt = 4000

    def check(self, dataset: Dataset) -> None:
        """Accept any data set; see :meth:`harness.methods.base.Method.check`."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Fit all rows; see :meth:`harness.methods.base.Method.fit`."""
        return self._fit_rows(problem, problem.dataset.rows, likelihood_weight=1.0, seed=seed)

    def _fit_rows(
        self, problem: Problem, rows: FloatArray, *, likelihood_weight: float, seed: int
    ) -> Fit:
        """Fit some rows, their log likelihood weighted."""
        data = problem.program.program.stan_data(rows, likelihood_weight=likelihood_weight)
        with run_folder(data) as (data_file, output_folder):
            timed = timed_call(
                lambda: problem.program.model.variational(
                    data=str(data_file),
                    seed=seed,
                    algorithm=self.algorithm,
                    iter=self.max_iterations,
                    grad_samples=self.grad_samples,
                    elbo_samples=self.elbo_samples,
                    eta=self.eta,
                    adapt_engaged=self.eta is None,
                    adapt_iter=self.adapt_iterations if self.eta is None else None,
                    tol_rel_obj=self.tol_rel_obj,
                    eval_elbo=self.eval_elbo,
                    draws=self.n_draws,
                    require_converged=False,
                    save_latent_dynamics=True,
                    output_dir=str(output_folder),
                    sig_figs=SIG_FIGS,
                )
            )
            console = parse_console(Path(timed.result.runset.stdout_files[0]).read_text())
            trace = parse_elbo_file(Path(timed.result.runset.diagnostic_files[0]).read_text())
            draws = _draws(timed.result, trace)
        return Fit(
            status=Status.OK,
            draws=draws,
            draw_kind=DrawKind.INDEPENDENT,
            diagnostics=_diagnostics(console, trace, eta=self.eta),
            fit_time_s=timed.wall_time_s,
            warnings=_warnings(console, trace, max_iterations=self.max_iterations),
            used_data={"n_rows": rows.shape[0], "likelihood_weight": likelihood_weight},
        )


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class AdviFullrank(Advi):
    """ADVI with a full covariance matrix; options as for :class:`Advi`."""

    name: ClassVar[str] = "advi_fullrank"
    algorithm: ClassVar[Literal["meanfield", "fullrank"]] = "fullrank"


def _draws(fit: cmdstanpy.CmdStanVB, trace: ElboTrace) -> xr.DataTree:
    """Return the draws from the approximation, without the mean that is CmdStan's first row."""
    variables = {
        name: np.asarray(values)[np.newaxis]
        for name, values in fit.stan_variables(mean=False).items()
    }
    column = {name: i for i, name in enumerate(fit.column_names)}
    sample = fit.variational_sample
    densities = {
        "log_p": sample[np.newaxis, :, column["log_p__"]],
        "log_q": sample[np.newaxis, :, column["log_g__"]],
    }
    if not all(np.isfinite(values).all() for values in variables.values()):
        raise FitError("CmdStan's approximation has draws that are not finite")
    tree = arviz_base.from_dict({"posterior": variables, "sample_stats": densities})
    tree["elbo_trace"] = xr.DataTree(
        xr.Dataset(
            {
                "elbo": ("iteration", trace.elbo),
                "elapsed_s": ("iteration", trace.elapsed_s),
            },
            coords={"iteration": trace.iteration},
        )
    )
    return tree


def _diagnostics(console: AdviConsole, trace: ElboTrace, *, eta: float | None) -> Diagnostics:
    """Collect ADVI's account of itself."""
    has_trace = trace.elbo.size > 0
    return Diagnostics(
        elbo=float(trace.elbo[-1]) if has_trace else None,
        n_iterations=int(trace.iteration[-1]) if has_trace else None,
        converged=console.converged,
        may_be_diverging=console.may_be_diverging,
        eta=console.adapted_eta if eta is None else eta,
    )


def _warnings(console: AdviConsole, trace: ElboTrace, *, max_iterations: int) -> tuple[str, ...]:
    """Put what CmdStan noted into sentences."""
    warnings = []
    if console.converged == "no":
        warnings.append(f"ran all {max_iterations} iterations without meeting the stopping rule")
    elif trace.iteration.size and trace.iteration[-1] <= max_iterations / 10:
        warnings.append(
            f"the {console.converged} relative change of the ELBO stopped the run at iteration "
            f"{trace.iteration[-1]} of {max_iterations}"
        )
    if console.may_be_diverging:
        warnings.append("CmdStan warns that the ELBO may be diverging")
    if console.elbo_was_larger:
        warnings.append("an earlier ELBO was more than 5% better than the last one")
    return tuple(warnings)

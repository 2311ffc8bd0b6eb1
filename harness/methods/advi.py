"""Automatic differentiation variational inference, as CmdStan runs it.

Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), JMLR 18(14): a Gaussian on the
unconstrained scale, fitted by stochastic gradient ascent on the evidence lower bound.

CmdStan is called directly: cmdstanpy 1.3.2 cannot read a run without step size adaptation.
"""

from typing import ClassVar, Literal

import arviz_base
import numpy as np
import xarray as xr
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.datasets import Dataset, FloatArray
from harness.errors import FitError
from harness.fit import Diagnostics, DrawKind, Fit, Status
from harness.methods.advi_output import (
    AdviConsole,
    AdviDraws,
    ElboTrace,
    parse_console,
    parse_draws_file,
    parse_elbo_file,
)
from harness.methods.base import OPTIONS_CONFIG, Problem
from harness.methods.cmdstan_run import SIG_FIGS, run_cmdstan, run_folder


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
    n_draws: PositiveInt = 1000

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
        with run_folder(data) as (data_file, folder):
            draws_file, elbo_file = folder / "draws.csv", folder / "elbo.csv"
            timed = run_cmdstan(
                [
                    str(problem.program.executable),
                    *("id=1", "random", f"seed={seed}", "data", f"file={data_file}"),
                    *("output", f"file={draws_file}", f"diagnostic_file={elbo_file}"),
                    *(f"sig_figs={SIG_FIGS}", *self._arguments()),
                ]
            )
            console = parse_console(timed.result)
            trace = parse_elbo_file(elbo_file.read_text())
            draws = _draws(parse_draws_file(draws_file.read_text()), trace)
        return Fit(
            status=Status.OK,
            draws=draws,
            draw_kind=DrawKind.INDEPENDENT,
            diagnostics=_diagnostics(console, trace, eta=self.eta),
            fit_time_s=timed.wall_time_s,
            warnings=_warnings(console, trace, max_iterations=self.max_iterations),
            used_data={"n_rows": rows.shape[0], "likelihood_weight": likelihood_weight},
        )

    def _arguments(self) -> list[str]:
        """Return the options in CmdStan's grammar."""
        adaptation = ["engaged=0"]
        if self.eta is None:
            adaptation = ["engaged=1", f"iter={self.adapt_iterations}"]
        return [
            *("method=variational", f"algorithm={self.algorithm}", f"iter={self.max_iterations}"),
            *(f"grad_samples={self.grad_samples}", f"elbo_samples={self.elbo_samples}"),
            *(f"tol_rel_obj={self.tol_rel_obj}", f"eval_elbo={self.eval_elbo}"),
            f"output_samples={self.n_draws}",
            *([] if self.eta is None else [f"eta={self.eta}"]),
            *("adapt", *adaptation),
        ]


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class AdviFullrank(Advi):
    """ADVI with a full covariance matrix; options as for :class:`Advi`."""

    name: ClassVar[str] = "advi_fullrank"
    algorithm: ClassVar[Literal["meanfield", "fullrank"]] = "fullrank"


def _draws(output: AdviDraws, trace: ElboTrace) -> xr.DataTree:
    """Return the draws from the approximation with the ELBO's trace."""
    if not all(np.isfinite(values).all() for values in output.variables.values()):
        raise FitError("CmdStan's approximation has draws that are not finite")
    tree = arviz_base.from_dict(
        {
            "posterior": {name: values[None] for name, values in output.variables.items()},
            "sample_stats": {"log_p": output.log_p[None], "log_q": output.log_q[None]},
        }
    )
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

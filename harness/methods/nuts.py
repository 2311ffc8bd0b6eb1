"""The no-U-turn sampler (Hoffman and Gelman 2014, JMLR 15) as CmdStan runs it."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import lazy_loader as lazy
from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import MethodError
from harness.fits.fit import Diagnostics, DrawKind, Fit, Status
from harness.fits.posterior import posterior_group
from harness.fits.sampler import sampler_diagnostics, sampler_stats
from harness.messages.numerals import beside_limit
from harness.methods.base import OPTIONS_CONFIG, Method, Problem, RowsUsed, refuse_files
from harness.methods.cmdstan_run import SIG_FIGS, Timed, run_folder, timed_call
from harness.methods.generated import variables_of
from harness.methods.nuts_attempts import run_attempts
from harness.methods.nuts_cost import cost_of, with_warm_start
from harness.methods.scales import all_variables
from harness.methods.warm_start import Metric, Startable, WarmStart, make_approximation, warm_start
from harness.program.program import Program
from harness.verdict.rules import E_BFMI_LIMIT

if TYPE_CHECKING:
    import cmdstanpy
    import xarray as xr
else:
    cmdstanpy = lazy.load("cmdstanpy")
    xr = lazy.load("xarray")

AdaptDeltas = Annotated[
    tuple[Annotated[float, Field(gt=0, lt=1)], ...],
    # an array of TOML is a list
    BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
]


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Nuts:
    """NUTS with CmdStan's windowed adaptation of step size and metric.

    A warm start fits a cheap approximation first: each chain begins at another of its draws, with
    its variances (``diag_e``) or covariance (``dense_e``) as inverse metric.  Then 100 to 200
    iterations of warm-up will do, best with ``adapt_metric=False``: from 150 iterations on CmdStan
    replaces the metric by its own estimate, which a short warm-up bases on 25 or 50 draws.  Below
    150, Stan 2.39 never ends a window and keeps the metric in any case.

    For chains that start from one approximation R-hat is less of a test: a mode that the
    approximation has missed is missed by them all.  Of an exchangeable mixture, Laplace, ADVI and
    single-path Pathfinder know one labelling, and so will the chains; draws of multi-path
    Pathfinder may cover several, and their variances then span the modes and make a poor metric.

    Attributes
    ----------
    n_chains : int
        Number of chains; they run in parallel.
    n_warmup, n_draws : int
        Iterations of each chain for warm-up, and after it; only the latter are kept.
    adapt_delta : float
        Target acceptance statistic, in (0, 1).
    max_tree_depth : int
        Maximum number of doublings of a trajectory.
    metric : str
        CmdStan's Euclidean metric: ``diag_e``, ``dense_e`` (for correlated parameters)
        or ``unit_e``.
    init_radius : float
        Chains start uniformly within this distance of zero on the unconstrained scale; with a warm
        start, the approximation starts there, unless its options say otherwise.
    warm_start : str or None
        The approximation to start from: ``pathfinder``, ``laplace``, ``subsample_advi`` or
        another that has a density: ``advi``, ``advi_fullrank``, ``vi_meanfield``, ``vi_lowrank``,
        ``vi_fullrank``, ``dadvi``, ``batch_and_match``, ``pathfinder_mixture``.
    warm_start_options : dict
        Options of the warm start, such as ``m`` of ``subsample_advi``; `n_draws` is 200 by default.
    adapt_metric : bool
        Whether warm-up estimates the metric. False keeps the metric of the warm start and adapts
        only the step size.
    adapt_delta_retries : tuple of float
        While transitions diverge, the chains run again with the next of these as `adapt_delta`.
    min_ess : int or None
        If a quantity has a smaller bulk or tail effective sample size, the chains run again, up to
        four times longer. Times and gradients are those of all attempts.
    """

    name: ClassVar[str] = "nuts"
    title: ClassVar[str] = "NUTS"
    family: ClassVar[str] = "NUTS"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL
    #: A comparison's reference: more draws and smaller steps than by default, and what to try next.
    reference_options: ClassVar[Mapping[str, Any]] = {
        "n_draws": 2000,
        "adapt_delta": 0.95,
        "adapt_delta_retries": (0.99, 0.999),
        "min_ess": 2000,
    }

    n_chains: PositiveInt = 4
    n_warmup: PositiveInt = 1000
    n_draws: PositiveInt = 1000
    adapt_delta: Annotated[float, Field(gt=0, lt=1)] = 0.8
    max_tree_depth: PositiveInt = 10
    metric: Metric = "diag_e"
    init_radius: PositiveFloat = 2.0
    warm_start: Startable | None = None
    warm_start_options: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    adapt_metric: bool = True
    adapt_delta_retries: AdaptDeltas = ()
    min_ess: PositiveInt | None = None

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse what cannot be sampled; see :meth:`harness.methods.base.Method.check`."""
        refuse_files(self, dataset)
        approximation = self._approximation()
        if approximation is not None:
            approximation.check(dataset, program)

    def _approximation(self) -> Method | None:
        """Return what to start from."""
        if self.warm_start is not None:
            return make_approximation(
                self.warm_start,
                self.warm_start_options,
                n_chains=self.n_chains,
                init_radius=self.init_radius,
            )
        if self.warm_start_options:
            raise MethodError(
                f"method '{self.name}' has 'warm_start_options' but no 'warm_start'; name an "
                "approximation to start from, or remove the options"
            )
        if not self.adapt_metric:
            raise MethodError(
                f"method '{self.name}' has adapt_metric = false but no 'warm_start' that gives "
                "the metric; name one, or give metric = 'unit_e'"
            )
        return None

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Sample; see :meth:`harness.methods.base.Method.fit`."""
        approximation = self._approximation()
        start = None
        if approximation is not None:
            start = warm_start(
                problem, approximation, n_chains=self.n_chains, metric=self.metric, seed=seed
            )
        return run_attempts(
            self,
            lambda method, given: method.fit_from(problem, start, seed=given),
            seed=seed,
            adapt_deltas=self.adapt_delta_retries,
            min_ess=self.min_ess,
        )

    def fit_from(
        self,
        problem: Problem,
        start: WarmStart | None,
        *,
        seed: int,
        time_limit_s: float | None = None,
    ) -> Fit:
        """Sample from given starts.

        Parameters
        ----------
        problem : Problem
        start : WarmStart or None
            Inits and inverse metric; None for CmdStan's own.
        seed : int
        time_limit_s : float, optional
            In seconds; a fit that takes longer fails.

        Returns
        -------
        Fit
        """
        with run_folder(problem.stan_data()) as files:
            timed = self._sample(*(problem, files, start), seed=seed, time_limit_s=time_limit_s)
            draws, cost = _draws(problem, timed.result, seed=seed), cost_of(timed)
        diagnostics = sampler_diagnostics(
            draws.tree["sample_stats"].to_dataset(), max_tree_depth=self.max_tree_depth
        )
        return Fit(
            status=Status.OK,
            draws=draws.tree,
            draw_kind=self.draw_kind,
            diagnostics=diagnostics,
            fit_time_s=timed.wall_time_s + (start.fit_time_s if start else 0.0),
            cost=with_warm_start(cost, start) if start else cost,
            warnings=(
                *(start.warnings if start else ()),
                *self.flags_of(diagnostics),
                *draws.warnings,
            ),
            used_data=problem.used_data(),
        )

    def _sample(
        self,
        problem: Problem,
        files: tuple[Path, Path],
        start: WarmStart | None,
        *,
        seed: int,
        time_limit_s: float | None,
    ) -> "Timed[cmdstanpy.CmdStanMCMC]":
        """Run the chains."""
        given: dict[str, Any] = {"inits": self.init_radius, "timeout": time_limit_s}
        if start is not None:
            given |= {"inits": [dict(values) for values in start.inits]}
            if start.inv_metric is not None:
                given["inv_metric"] = {"inv_metric": start.inv_metric}
        if not self.adapt_metric:
            # the last interval, for the step size alone, is all of the warm-up
            given |= {"adapt_init_phase": 0, "adapt_metric_window": 0}
            given |= {"adapt_step_size": self.n_warmup}
        model = problem.program.model  # loads cmdstanpy, if need be, before the time begins
        return timed_call(
            lambda: model.sample(
                data=str(files[0]),
                chains=self.n_chains,
                parallel_chains=min(self.n_chains, os.cpu_count() or 1),
                # A process per chain, with one thread each: the draws are the same, whether or
                # not the user's CmdStan compiles with threads, even of a program with reduce_sum.
                force_one_process_per_chain=True,
                seed=seed,
                iter_warmup=self.n_warmup,
                iter_sampling=self.n_draws,
                adapt_delta=self.adapt_delta,
                max_treedepth=self.max_tree_depth,
                metric=self.metric,
                output_dir=str(files[1]),
                save_warmup=True,
                sig_figs=SIG_FIGS,
                show_progress=False,
                **given,
            )
        )

    def flags_of(self, diagnostics: Diagnostics) -> tuple[str, ...]:
        """Put the flags into sentences."""
        n_total = self.n_chains * self.n_draws
        warnings = []
        if diagnostics.n_divergent:
            warnings.append(f"{diagnostics.n_divergent} of {n_total} transitions diverged")
        if diagnostics.n_tree_depth_limit:
            warnings.append(
                f"{diagnostics.n_tree_depth_limit} of {n_total} transitions reached the "
                f"maximum tree depth of {self.max_tree_depth}"
            )
        e_bfmi = diagnostics.e_bfmi_min
        if e_bfmi is not None and e_bfmi < E_BFMI_LIMIT:
            shown, limit = beside_limit(e_bfmi, E_BFMI_LIMIT, digits=2)
            warnings.append(f"smallest E-BFMI is {shown}, below {limit}")
        return tuple(warnings)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Draws:
    """The draws of all chains, and what is to be said of them."""

    tree: "xr.DataTree"
    warnings: tuple[str, ...]


def _draws(problem: Problem, mcmc: "cmdstanpy.CmdStanMCMC", *, seed: int) -> _Draws:
    """Return all variables and sampler statistics after warm-up, read before their files go."""
    table = mcmc.draws().transpose(1, 0, 2)  # chain, draw, column
    n_chains, n_draws, n_columns = table.shape
    names = str(mcmc.metadata.cmdstan_config["raw_header"]).split(",")
    own = all_variables(problem, names, table.reshape(-1, n_columns))
    variables = variables_of(problem.whole, *own, seed=seed)
    posterior = posterior_group(
        {
            name: values.reshape(n_chains, n_draws, *values.shape[1:])
            for name, values in variables.parts.items()
        }
    )
    sample_stats = sampler_stats(names, table)
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})
    return _Draws(tree=tree, warnings=variables.warnings)

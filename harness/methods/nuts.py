"""The no-U-turn sampler (Hoffman and Gelman 2014, JMLR 15) as CmdStan runs it."""

import os
from typing import Annotated, ClassVar, Literal

import arviz_base
import cmdstanpy
from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from xarray import DataTree

from harness.datasets import Dataset
from harness.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods.base import OPTIONS_CONFIG, Problem, refuse_batches
from harness.methods.cmdstan_run import SIG_FIGS, Timed, run_folder, timed_call
from harness.metrics import chains
from harness.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Nuts:
    """NUTS with CmdStan's windowed adaptation of step size and metric.

    Attributes
    ----------
    n_chains, n_warmup, n_draws : int
        Chains, and iterations of each before and after the end of adaptation.
    adapt_delta : float
        Target acceptance statistic, in (0, 1).
    max_tree_depth : int
        Limit on the doublings of a trajectory.
    metric : str
        CmdStan's Euclidean metric: ``diag_e``, ``dense_e`` (pays where parameters correlate)
        or ``unit_e``.
    init_radius : float
        Chains start uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "nuts"

    n_chains: PositiveInt = 4
    n_warmup: PositiveInt = 1000
    n_draws: PositiveInt = 1000
    adapt_delta: Annotated[float, Field(gt=0, lt=1)] = 0.8
    max_tree_depth: PositiveInt = 10
    metric: Literal["diag_e", "dense_e", "unit_e"] = "diag_e"
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse random batches; see :meth:`harness.methods.base.Method.check`."""
        refuse_batches(self.name, program)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Sample; see :meth:`harness.methods.base.Method.fit`."""
        with run_folder(problem.stan_data()) as (data_file, output_folder):
            timed = timed_call(
                lambda: problem.program.model.sample(
                    data=str(data_file),
                    chains=self.n_chains,
                    parallel_chains=min(self.n_chains, os.cpu_count() or 1),
                    seed=seed,
                    iter_warmup=self.n_warmup,
                    iter_sampling=self.n_draws,
                    adapt_delta=self.adapt_delta,
                    max_treedepth=self.max_tree_depth,
                    metric=self.metric,
                    inits=self.init_radius,
                    output_dir=str(output_folder),
                    save_warmup=True,
                    sig_figs=SIG_FIGS,
                    show_progress=False,
                )
            )
            draws, cost = _draws(timed.result), _cost(timed)
        diagnostics = self._diagnostics(draws)
        return Fit(
            status=Status.OK,
            draws=draws,
            draw_kind=DrawKind.CHAINS,
            diagnostics=diagnostics,
            fit_time_s=timed.wall_time_s,
            cost=cost,
            warnings=self._warnings(diagnostics),
            used_data={"n_rows": problem.dataset.n_rows, "likelihood_weight": 1.0},
        )

    def _diagnostics(self, draws: DataTree) -> Diagnostics:
        """Count what the sampler flagged."""
        stats = draws["sample_stats"]
        tree_depth = stats["tree_depth"].to_numpy()
        e_bfmi = chains.e_bfmi(stats["energy"].to_numpy())
        return Diagnostics(
            n_divergent=int(stats["diverging"].sum()),
            tree_depth_max=int(tree_depth.max()),
            n_tree_depth_limit=int((tree_depth >= self.max_tree_depth).sum()),
            e_bfmi_min=float(e_bfmi.min()),
            n_leapfrog=int(stats["n_steps"].sum()),
        )

    def _warnings(self, diagnostics: Diagnostics) -> tuple[str, ...]:
        """Put the flags into sentences."""
        n_total = self.n_chains * self.n_draws
        warnings = []
        if diagnostics.n_divergent:
            warnings.append(f"{diagnostics.n_divergent} of {n_total} transitions diverged")
        if diagnostics.n_tree_depth_limit:
            warnings.append(
                f"{diagnostics.n_tree_depth_limit} of {n_total} transitions reached the limit "
                f"of {self.max_tree_depth} tree doublings"
            )
        if diagnostics.e_bfmi_min is not None and diagnostics.e_bfmi_min < 0.3:
            warnings.append(f"smallest E-BFMI is {diagnostics.e_bfmi_min:.2f}, below 0.3")
        return tuple(warnings)


def _draws(mcmc: cmdstanpy.CmdStanMCMC) -> DataTree:
    """Return all variables and sampler statistics after warm-up, read before their files go.

    ArviZ 1.3 leaves warm-up in the statistics and takes it out of the variables.
    """
    tree = arviz_base.from_cmdstanpy(posterior=mcmc, save_warmup=False).load()
    draw = tree["posterior"]["draw"]
    stats = tree["sample_stats"].to_dataset().isel(draw=slice(-draw.size, None))
    tree["sample_stats"] = DataTree(stats.assign_coords(draw=draw))
    return tree


def _cost(timed: Timed[cmdstanpy.CmdStanMCMC]) -> Cost:
    """Split the time as the chains' own times are split; count the gradients of all iterations.

    Chains share the cores, so that their own times add up to more than the wall time.
    """
    mcmc = timed.result
    warmup_s, total_s = (sum(chain[part] for chain in mcmc.time) for part in ("warmup", "total"))
    adapt_time_s = timed.wall_time_s * warmup_s / total_s if total_s > 0 else None
    n_leapfrog = mcmc.draws(inc_warmup=True)[:, :, mcmc.column_names.index("n_leapfrog__")]
    return Cost(
        adapt_time_s=adapt_time_s,
        run_time_s=None if adapt_time_s is None else timed.wall_time_s - adapt_time_s,
        n_gradients=int(n_leapfrog.sum()) + n_leapfrog.size,
    )

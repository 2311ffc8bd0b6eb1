"""What chains cost: times, and gradients of all iterations."""

import dataclasses
from typing import TYPE_CHECKING

import lazy_loader as lazy

from harness.fits.fit import Cost
from harness.methods.cmdstan_run import Timed
from harness.methods.warm_start import WarmStart

if TYPE_CHECKING:
    import cmdstanpy
else:
    cmdstanpy = lazy.load("cmdstanpy")


def cost_of(timed: "Timed[cmdstanpy.CmdStanMCMC]") -> Cost:
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


def with_warm_start(cost: Cost, start: WarmStart) -> Cost:
    """Add what the approximation took to the adaptation."""
    known = cost.n_gradients is not None and start.n_gradients is not None
    return dataclasses.replace(
        cost,
        adapt_time_s=None if cost.adapt_time_s is None else cost.adapt_time_s + start.fit_time_s,
        n_gradients=(cost.n_gradients or 0) + (start.n_gradients or 0) if known else None,
    )

"""NUTS as CmdStan runs it, from the best draws that there are."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.evidence.steps import WarmPoints
from harness.fits.fit import Fit
from harness.methods import Nuts, Problem
from harness.methods.chain_checks import ChainChecks, check_chains
from harness.methods.draws_file import real_parts
from harness.methods.nuts_attempts import run_attempts
from harness.methods.warm_start import WarmStart
from harness.program.log_density import Density

#: Warm-up from draws of the posterior finds a metric sooner than CmdStan's 1,000 iterations.
_N_WARMUP = 500
#: Where so few transitions diverge, smaller steps may do, and are tried; more tell of a region
#: that needs another parametrisation.
_SMALL_STEPS, _FEW_DIVERGENT = 0.99, 0.01
#: A dense metric pays for correlations of such a condition number, in so few dimensions.
_CONDITION, _MOST_DENSE = 100.0, 200


def nuts_from(
    problem: Problem,
    density: Density,
    warm: WarmPoints | None,
    *,
    seed: int,
    time_limit_s: float | None = None,
) -> Fit:
    """Sample with NUTS.

    Parameters
    ----------
    problem : Problem
    density : Density
        Of the same program and data.
    warm : WarmPoints or None
        Where chains start and with which metric; None for CmdStan's own.
    seed : int
    time_limit_s : float, optional
        In seconds.

    Returns
    -------
    Fit

    Raises
    ------
    FitError
        If CmdStan gives no fit, or none in time.
    """
    inits = () if warm is None else _inits(problem, density, warm, seed=seed)
    if warm is None or not inits:
        return _sampled(Nuts(), problem, None, seed=seed, time_limit_s=time_limit_s)
    metric, variances = warm.metric, warm.metric
    is_dense = False
    if metric.ndim > 1:
        variances = np.diag(metric)
        if variances.size <= _MOST_DENSE:
            sd = np.sqrt(variances)
            is_dense = bool(np.linalg.cond(metric / np.outer(sd, sd)) > _CONDITION)
    nuts = Nuts(n_warmup=_N_WARMUP, metric="dense_e" if is_dense else "diag_e")
    start = WarmStart(
        inits=inits,
        inv_metric=metric if is_dense else variances,
        fit_time_s=0.0,
        n_gradients=0,
        warnings=(),
    )
    return _sampled(nuts, problem, start, seed=seed, time_limit_s=time_limit_s)


def _sampled(
    nuts: Nuts,
    problem: Problem,
    start: WarmStart | None,
    *,
    seed: int,
    time_limit_s: float | None,
) -> Fit:
    """Sample, and again with smaller steps and a whole warm-up if a few transitions diverge."""
    end = math.inf if time_limit_s is None else time.monotonic() + time_limit_s

    def sample(sampler: Nuts, given: int) -> Fit:
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise FitError("no time is left")
        if sampler.adapt_delta > nuts.adapt_delta:
            sampler = replace(sampler, n_warmup=Nuts().n_warmup)
        return sampler.fit_from(
            *(problem, start),
            seed=given,
            time_limit_s=None if time_limit_s is None else left_s,
        )

    return run_attempts(
        *(nuts, sample),
        seed=seed,
        adapt_deltas=(_SMALL_STEPS,),
        min_ess=None,
        most_divergent=_FEW_DIVERGENT,
    )


def _inits(
    problem: Problem, density: Density, warm: WarmPoints, *, seed: int
) -> tuple[Mapping[str, FloatArray], ...]:
    """Return a start for each chain; none for complex numbers and tuples, which have no form."""
    n_chains = Nuts().n_chains
    rng = np.random.default_rng([seed, n_chains])
    points = warm.points[rng.choice(len(warm.points), n_chains, replace=False)]
    parts = real_parts(density.variable_names(), density.constrain(points))
    if not set(parts) <= set(problem.program.parameters):
        return ()
    return tuple({name: part[row] for name, part in parts.items()} for row in range(n_chains))


def fit_checks(fit: Fit, points: FloatArray) -> ChainChecks:
    """Return the diagnostics of a fit's chains."""
    stats = fit.read_draws()["sample_stats"].to_dataset()
    return check_chains(
        points,
        stats["lp"].to_numpy(),
        diverged=stats["diverging"].to_numpy(),
        energy=stats["energy"].to_numpy(),
    )

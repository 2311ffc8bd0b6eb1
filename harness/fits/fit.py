"""What a method returns: draws, how the run went, and where it came from (no Stan in it)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import lazy_loader as lazy
import numpy as np
import numpy.typing as npt

from harness.errors import FitError
from harness.messages.faults import capped

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


class DrawKind(StrEnum):
    """How draws depend on one another, which decides what diagnostics mean."""

    CHAINS = "chains"
    """Markov chains: R-hat and effective sample size apply."""
    INDEPENDENT = "independent"
    """Independent draws from an approximation: R-hat and effective sample size say nothing."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """What the algorithm says about its own run; None where it does not apply.

    Attributes
    ----------
    n_divergent : int or None
        Divergent transitions after warm-up, all chains.
    tree_depth_max : int or None
        Deepest tree after warm-up, all chains.
    n_tree_depth_limit : int or None
        Transitions that reached the permitted tree depth.
    e_bfmi_min : float or None
        Smallest energy Bayesian fraction of missing information of any chain.
    n_leapfrog : int or None
        Leapfrog steps (log-density gradients) after warm-up, all chains.
    elbo : float or None
        Evidence lower bound in nats, larger is better: at the last evaluation (ADVI), of the
        best path (Pathfinder).
    elbo_mcse : float or None
        Monte Carlo standard error of one evaluation of ADVI's ELBO, in nats: CmdStan adds the
        known entropy of the approximation to the mean log density of ``elbo_samples`` draws, so
        that it is the sd of the log density over the fitted approximation's draws divided by
        the root of ``elbo_samples``.  The log density is the one that was optimised, of the
        subsample if the fit has seen one.
    mean_mcse_sd : float or None
        Largest Monte Carlo standard error of a mean that the fixed draws of DADVI leave, in sds of
        the fit.
    mode_gap_sd : float or None
        Of Laplace, how far a further Newton step would move its centre, in posterior sds: the norm
        of the gradient there, preconditioned by the curvature.
    n_iterations : int or None
        Iterations of stochastic gradient ascent (ADVI) or of L-BFGS (Laplace; Pathfinder, all
        paths); steps of both optimisers (DADVI); steps to the mode and batches (batch and match).
    converged : str or None
        The stopping rule that was met, ``"mean"``, ``"median"`` or ``"mean and median"``
        relative change of the ELBO, or the ``"distance"`` to the optimum (VI); ``"no"`` if the run
        ended at its limit.
    may_be_diverging : bool or None
        Whether CmdStan warned that the ELBO may be diverging.
    eta : float or None
        Step size scale, given or adapted.
    etas_tried : tuple of float or None
        Step size scales that adaptation tried, in this order; empty if one was given.
    n_retries : int or None
        Attempts that failed before this fit; the warnings say why.
    attempts : tuple of str or None
        Of chains that ran several times, what each attempt was and gave.
    k_hat_reported : float or None
        PSIS k-hat that CmdStan printed, which it does for Pathfinder and above 0.7 only.
    """

    n_divergent: int | None = None
    tree_depth_max: int | None = None
    n_tree_depth_limit: int | None = None
    e_bfmi_min: float | None = None
    n_leapfrog: int | None = None
    elbo: float | None = None
    elbo_mcse: float | None = None
    mean_mcse_sd: float | None = None
    mode_gap_sd: float | None = None
    n_iterations: int | None = None
    converged: str | None = None
    may_be_diverging: bool | None = None
    eta: float | None = None
    etas_tried: tuple[float, ...] | None = None
    n_retries: int | None = None
    attempts: tuple[str, ...] | None = None
    k_hat_reported: float | None = None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a fit took, finding settings of the algorithm apart; None where CmdStan doesn't tell.

    Scoring the draws afterwards is not part of it.

    Attributes
    ----------
    adapt_time_s : float or None
        Wall time of adaptation, in seconds.  NUTS: the share of warm-up in the chains' own
        times, of the sampler's wall time, and all of a warm start.  ADVI: from the start of the
        search for a step size to its end, 0 if the step size is given.  Laplace, DADVI, batch
        and match: the optimisation.  Pathfinder: 0.
    run_time_s : float or None
        The rest of ``fit_time_s``, reading the data and failed attempts included, in seconds.
    n_gradients : int or None
        Gradients of the log density, adaptation included.  NUTS: leapfrog steps and one for the
        start of each transition, and those of a warm start.  ADVI: ``grad_samples`` for each
        iteration.  Laplace: the optimiser's, and for each Newton step 4 d + 2 or more of d
        unconstrained parameters.  DADVI, batch and match: all, four for each product with the
        Hessian.  VI: those of batches by their share of the rows.  Pathfinder: those of
        L-BFGS; its ELBO takes log densities only.  Pathfinder mixture: all, a log density
        alone as half of one.  Not
        counted: the handful before the start, NUTS's search for its first step sizes,
        evaluations that ADVI drops because they are not finite, and failed attempts.
    peak_memory_mb : float or None
        Largest resident memory of Stan's processes at once, in MB (10**6 bytes), as seen by
        looking again and again; None if a fit was over before the first look.
    """

    adapt_time_s: float | None = None
    run_time_s: float | None = None
    n_gradients: int | None = None
    peak_memory_mb: float | None = None


class DrawsReader(Protocol):
    """What reads draws from where they are kept."""

    def read(self) -> "xr.DataTree":
        """Return the draws."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The result of one run.

    Attributes
    ----------
    status : Status
        How the run ended.
    reason : str
        Why a run failed or does not apply; empty for a run that ended well.
    draws : DataTree, DrawsReader or None
        What :meth:`read_draws` returns, or its reader, which a stored fit has, so that many fits
        need little memory; None without a fit.  Groups ``posterior`` and ``sample_stats`` with
        dimensions (chain, draw, ...); of ADVI also ``elbo_trace`` with dimension (iteration); of a
        resampled Pathfinder ``proposals`` with dimension (proposal); of approximations whose
        density is cheap ``scores`` with dimension (score), ``log_p`` and ``log_q`` of more draws;
        of approximations also ``points`` with dimensions (point, unconstrained), the ``position``
        of at most 200 draws on the unconstrained scale and, unless a parameter is a unit vector,
        the ``gradient`` of ``log_p`` there.  Independent draws have in ``sample_stats`` the
        variables ``log_p``, log density of the full data's posterior, and ``log_q``, of the
        approximation, both on the unconstrained scale and up to a constant, in nats.
    draw_kind : DrawKind
        Whether the draws are chains or independent.
    diagnostics : Diagnostics
        The algorithm's account of itself.
    fit_time_s : float or None
        Wall time of CmdStan's processes, reading the data and failed attempts included, in
        seconds.
    cost : Cost
        Its parts, and gradients.
    warnings : tuple of str
        What CmdStan or the harness warned of, a sentence each.
    used_data : Mapping
        What of the data set the fit has seen: ``n_rows`` and ``likelihood_weight``, and of rows
        that the data set does not count itself ``n_rows_of_all``.
    """

    status: Status
    reason: str = ""
    draws: "xr.DataTree | DrawsReader | None" = None
    draw_kind: DrawKind = DrawKind.CHAINS
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    fit_time_s: float | None = None
    cost: Cost = field(default_factory=Cost)
    warnings: tuple[str, ...] = ()
    used_data: Mapping[str, float] = field(default_factory=dict)

    def read_draws(self) -> "xr.DataTree":
        """Return the draws; of a stored fit they are read from the store.

        Raises
        ------
        FitError
            If there are none.
        StoreError
            If the stored fit was removed or damaged since it was found.
        """
        if self.draws is None:
            raise FitError(f"a fit with status '{self.status}' has no draws: {self.reason}")
        return self.draws if isinstance(self.draws, xr.DataTree) else self.draws.read()


def failed_fit(status: Status, reason: str) -> Fit:
    """Return a fit without draws that says why there are none."""
    return Fit(status=status, reason=capped(" ".join(reason.split())))


def log_weights(fit: Fit) -> npt.NDArray[np.float64] | None:
    """Return log importance weights of draws from the approximation itself.

    They are what k-hat is computed from.  Pathfinder's own draws are resampled by these weights
    already; its proposals have them still.

    Parameters
    ----------
    fit : Fit
        Of any method.

    Returns
    -------
    ndarray, shape (draw,), or None
        Log density of the posterior minus that of the approximation, in nats, up to one constant;
        NaN where CmdStan gave no density.  None for a fit without an approximation's density.
    """
    if fit.draws is None or fit.draw_kind is not DrawKind.INDEPENDENT:
        return None
    draws = fit.read_draws()
    group = draws.get("proposals", draws.get("sample_stats"))
    if group is None or not {"log_p", "log_q"} <= set(group.data_vars):
        return None
    log_weight = group["log_p"] - group["log_q"]
    return np.asarray(log_weight.to_numpy(), dtype=np.float64).ravel()

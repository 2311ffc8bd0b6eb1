"""What a method returns: draws, how the run went, and where it came from (no Stan in it)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from xarray import DataTree


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
        Evidence lower bound at the last evaluation, in nats; larger is better.
    n_iterations : int or None
        Iterations of stochastic gradient ascent.
    converged : str or None
        The stopping rule that was met, ``"mean"``, ``"median"`` or ``"mean and median"``
        relative change of the ELBO; ``"no"`` if the run ended at its iteration limit.
    may_be_diverging : bool or None
        Whether CmdStan warned that the ELBO may be diverging.
    eta : float or None
        Step size scale, given or adapted.
    """

    n_divergent: int | None = None
    tree_depth_max: int | None = None
    n_tree_depth_limit: int | None = None
    e_bfmi_min: float | None = None
    n_leapfrog: int | None = None
    elbo: float | None = None
    n_iterations: int | None = None
    converged: str | None = None
    may_be_diverging: bool | None = None
    eta: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The result of one run.

    Attributes
    ----------
    status : Status
        How the run ended.
    reason : str
        Why a run failed or does not apply; empty for a run that ended well.
    draws : DataTree or None
        Groups ``posterior`` and ``sample_stats`` with dimensions (chain, draw, ...) and, of a
        variational fit, ``elbo_trace`` with dimension (iteration); None without a fit.
    draw_kind : DrawKind
        Whether the draws are chains or independent.
    diagnostics : Diagnostics
        The algorithm's account of itself.
    fit_time_s : float or None
        Wall time of CmdStan's process, reading the data included, in seconds.
    warnings : tuple of str
        What CmdStan or the harness warned of, a sentence each.
    used_data : Mapping
        What of the data set the fit has seen: ``n_rows`` and ``likelihood_weight``.
    """

    status: Status
    reason: str = ""
    draws: DataTree | None = None
    draw_kind: DrawKind = DrawKind.CHAINS
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    fit_time_s: float | None = None
    warnings: tuple[str, ...] = ()
    used_data: Mapping[str, float] = field(default_factory=dict)


def failed_fit(status: Status, reason: str) -> Fit:
    """Return a fit without draws that says why there are none."""
    return Fit(status=status, reason=" ".join(reason.split()))

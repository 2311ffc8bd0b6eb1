"""What a verdict is made of: the criteria of a parameter, those of its fit, and the outcome.

A criterion is a statistic or a flag that can decide. One that is None or NaN is unknown. Every name
is that of the column or metric it holds.
"""

import math
from dataclasses import dataclass, field

from harness.verdict.outcome import Reference, Verdict
from harness.verdict.rule import Finding
from harness.verdict.rules import R_HAT_LIMIT

__all__ = ["FitCriteria", "Judgement", "ParameterCriteria", "Reference", "Verdict", "known"]


#: What errors are measured with unless tails are heavy.
SD = "sd"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict and why.

    Attributes
    ----------
    verdict : Verdict
    criterion : str
        What decided: the criterion of a rule, empty if none is known.
    value, limit : float or None
        Of the criterion; None of a flag, and of a value that is not known.
    parameter : str
        Of a fit that a parameter decided, which one.
    reason : str
        The same as a sentence for a reader.
    nearness : float
        How far the value has gone from its ideal (0) to its limit (1) and beyond; infinite for a
        flag, 1 for a value in doubt.
    error_scale : str
        Of a parameter, what its errors are measured with, see `harness.metrics.parameter`.
    findings : tuple of Finding
        Of a parameter, what each rule has to say, for the verdict on its fit.
    n_parameters, n_within : int or None
        Of a fit, how many parameters were judged, and how many of them can be trusted.
    worst : tuple of str
        Of a fit, the worst of the others, by name.
    """

    verdict: Verdict
    criterion: str
    reason: str
    nearness: float
    value: float | None = None
    limit: float | None = None
    parameter: str = ""
    error_scale: str = SD
    findings: tuple[Finding, ...] = field(default=(), repr=False, compare=False)
    n_parameters: int | None = None
    n_within: int | None = None
    worst: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParameterCriteria:
    """Criteria of one parameter of one fit.

    Attributes
    ----------
    error_scale : str
        What the errors are measured with, see `harness.metrics.parameter`.
    mean_error_sd, mean_error_mcse, log_sd_ratio, log_sd_ratio_mcse, w1_sd : float, optional
        Errors against the reference, see `harness.metrics.parameter`.
    coverage_50, coverage_50_mcse, coverage_90, coverage_90_mcse : float, optional
        Fraction of the reference inside the fit's central intervals.
    log_sd_ratio_chance, coverage_50_chance, coverage_90_chance : float, optional
        The probability that exact draws have a value as far from the ideal one.
    r_hat, ess_bulk, ess_tail : float, optional
        Of a Markov chain fit, see `harness.metrics.chains`.
    k_hat_mean, k_hat_sd : float, optional
        Of weighted draws, see `harness.metrics.psis.weighted_tail_shapes`.
    k_hat_limit : float, optional
        Of these two.
    r_hat_runs : float, optional
        R-hat across replicate fits, see `harness.metrics.stability`.
    """

    error_scale: str = SD
    mean_error_sd: float | None = None
    mean_error_mcse: float | None = None
    log_sd_ratio: float | None = None
    log_sd_ratio_mcse: float | None = None
    w1_sd: float | None = None
    coverage_50: float | None = None
    coverage_50_mcse: float | None = None
    coverage_90: float | None = None
    coverage_90_mcse: float | None = None
    log_sd_ratio_chance: float | None = None
    coverage_50_chance: float | None = None
    coverage_90_chance: float | None = None
    r_hat: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    k_hat_mean: float | None = None
    k_hat_sd: float | None = None
    k_hat_limit: float | None = None
    r_hat_runs: float | None = None


@dataclass(frozen=True, kw_only=True)
class FitCriteria:
    """Statistics and flags of one fit.

    Attributes
    ----------
    is_mcmc : bool
        Whether the draws are Markov chains, judged by their own diagnostics too.
    reference : Reference
        Whether there is a reference and it passed its checks.
    failed : bool
        The run gave no draws.
    failure : str
        Why it gave none, if that is known.
    collapsed : bool
        All draws of the fit are at one point.
    weight_mistake : bool
        The likelihood of a subsample lacks its weight N/m.
    stopped_early : bool
        The optimiser reached its last iteration before it converged.
    mode_gap_sd : float, optional
        How far the centre of a Laplace approximation is from the mode, in posterior sds.
    may_diverge : bool
        The optimiser said that it may be diverging.
    mode_missed : bool
        Reference draws show a mode, not a relabelling of another, that no draw of the fit visits;
        or an optimiser has found one.
    missed : str
        What is known of one that an optimiser has found.
    symmetric_mode : bool
        The draws cover one of several modes that are relabellings of each other: no fault.
    is_weighted : bool
        What is judged are the draws under importance weights, not as they are.
    nameless : bool
        What is judged belongs to a component that the draws name by accident.
    n_runs : int, optional
        Runs of an approximation with these options that ended well; 1 is said in the sentence.
    n_disagreeing : int, optional
        Those of them that get another verdict by themselves.
    r_hat_all : float, optional
        R-hat over the chains of all fits of the data set.
    r_hat_limit : float
        What R-hat of any quantity may be, see `harness.verdict.mixing`.
    n_divergent, e_bfmi : float, optional
        Divergent transitions, and the lowest E-BFMI of the chains, of a Hamiltonian sampler.
    k_hat, k_hat_threshold : float, optional
        See `harness.metrics.psis`.
    mahalanobis, mahalanobis_mcse : float, optional
        See `harness.metrics.distance`.
    log_eigenvalue_low, log_eigenvalue_low_mcse : float, optional
        See `harness.metrics.spectrum`.
    log_eigenvalue_high, log_eigenvalue_high_mcse : float, optional
        See `harness.metrics.spectrum`.
    log_eigenvalue_low_chance, log_eigenvalue_high_chance : float, optional
        The probability that exact draws have one as far from 0.
    c2st_accuracy, c2st_mcse : float, optional
        See `harness.metrics.classifier`.
    """

    is_mcmc: bool
    reference: Reference
    failed: bool = False
    failure: str = ""
    collapsed: bool = False
    weight_mistake: bool = False
    stopped_early: bool = False
    may_diverge: bool = False
    mode_missed: bool = False
    missed: str = ""
    symmetric_mode: bool = False
    is_weighted: bool = False
    nameless: bool = False
    n_runs: int | None = None
    n_disagreeing: int | None = None
    r_hat_all: float | None = None
    r_hat_limit: float = R_HAT_LIMIT
    mode_gap_sd: float | None = None
    n_divergent: float | None = None
    e_bfmi: float | None = None
    k_hat: float | None = None
    k_hat_threshold: float | None = None
    mahalanobis: float | None = None
    mahalanobis_mcse: float | None = None
    log_eigenvalue_low: float | None = None
    log_eigenvalue_low_mcse: float | None = None
    log_eigenvalue_high: float | None = None
    log_eigenvalue_high_mcse: float | None = None
    log_eigenvalue_low_chance: float | None = None
    log_eigenvalue_high_chance: float | None = None
    c2st_accuracy: float | None = None
    c2st_mcse: float | None = None

    @property
    def reference_failed(self) -> bool:
        """Whether there is a reference that failed its checks."""
        return self.reference is Reference.FAILED

    @property
    def reference_absent(self) -> bool:
        """Whether there is no reference."""
        return self.reference is Reference.ABSENT


def known(value: float | None) -> float | None:
    """Take a value that is NaN for what it is: unknown.

    Parameters
    ----------
    value : float, optional

    Returns
    -------
    float or None
        None where `value` is None or NaN; infinities are known.
    """
    return None if value is None or math.isnan(value) else float(value)

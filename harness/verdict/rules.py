"""The rules: which figure, against which limit, gives which verdict, and on whose authority.

`docs/verdict.md` shows the same table with the reasons at length; a test keeps them together.
"""

import math

from harness.verdict.figures import Verdict
from harness.verdict.rule import Breach, Rule, Scope, When


def _flag(
    figure: str,
    meaning: str,
    source: str,
    *,
    when: When = When.ALWAYS,
    verdict: Verdict = Verdict.DO_NOT_TRUST,
) -> Rule:
    return Rule(
        figure=figure,
        scope=Scope.BOTH,
        when=when,
        breach=Breach.TRUE,
        verdict=verdict,
        meaning=meaning,
        source=source,
    )


#: Chains below this R-hat, above this bulk and tail ESS and above this E-BFMI are believed.
R_HAT_LIMIT = 1.01
ESS_LIMIT = 400.0
E_BFMI_LIMIT = 0.3

# A 90% interval of a Gaussian shifted by 0.3 sd still covers 88.5%.
MEAN_LIMIT_SD = 0.3
# An sd ratio within 1/1.2 to 1.2: a Gaussian's 90% interval then covers 83% to 95%.
SD_LIMIT_LOG = math.log(1.2)

_RANK = "Vehtari et al. (2021)"
_PSIS = "Vehtari et al. (2024); Yao et al. (2018)"

RULES: tuple[Rule, ...] = (
    _flag("failed", "the run gave no draws", "no figure exists"),
    _flag("wrong_data", "the fit has seen other data than the reference", "another posterior"),
    _flag(
        "weight_mistake",
        "the likelihood of the subsample lacks its weight N/m, so this is another posterior",
        "Hoffman et al. (2013)",
    ),
    _flag(
        "stopped_early",
        "the optimiser stopped at its last iteration, not at an optimum",
        "Dhaka et al. (2020)",
        when=When.ALONE,
    ),
    _flag("may_diverge", "the optimiser reported that it may be diverging", "Dhaka et al. (2020)"),
    _flag(
        "mode_missed",
        "the reference has a mode that no draw of this fit visits",
        "Yao et al. (2018)",
    ),
    _flag(
        "nameless",
        "exchangeable components have no names of their own; the relabelled row tells",
        "Stephens (2000)",
        when=When.APPROXIMATION,
        verdict=Verdict.UNKNOWN,
    ),
    Rule(
        figure="k_hat",
        scope=Scope.PARAMETER,
        when=When.WEIGHTED,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.UNKNOWN,
        meaning="the weights cannot carry an estimate",
        source="Vehtari et al. (2024)",
    ),
    Rule(
        figure="r_hat",
        scope=Scope.PARAMETER,
        when=When.MCMC,
        breach=Breach.ABOVE,
        limit=R_HAT_LIMIT,
        ideal=1.0,
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.UNKNOWN,
        meaning="the chains have not mixed",
        source=_RANK,
    ),
    Rule(
        figure="ess_bulk",
        scope=Scope.PARAMETER,
        when=When.MCMC,
        breach=Breach.BELOW,
        limit=ESS_LIMIT,
        verdict=Verdict.UNKNOWN,
        doubt=Verdict.UNKNOWN,
        meaning="too few effective draws to estimate a mean, or to believe R-hat",
        source=_RANK,
    ),
    Rule(
        figure="ess_tail",
        scope=Scope.PARAMETER,
        when=When.MCMC,
        breach=Breach.BELOW,
        limit=ESS_LIMIT,
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="too few effective draws in the tails for intervals",
        source=_RANK,
    ),
    Rule(
        figure="n_divergent",
        scope=Scope.BOTH,
        when=When.MCMC,
        breach=Breach.ABOVE,
        limit=0.0,
        verdict=Verdict.UNKNOWN,
        meaning="the sampler left a region unexplored, and the bias is not known",
        source="Betancourt (2017)",
    ),
    Rule(
        figure="e_bfmi",
        scope=Scope.BOTH,
        when=When.MCMC,
        breach=Breach.BELOW,
        limit=E_BFMI_LIMIT,
        ideal=1.0,
        verdict=Verdict.UNKNOWN,
        meaning="the sampler explores the energies too slowly to reach the tails",
        source="Betancourt (2016)",
    ),
    Rule(
        figure="r_hat_runs",
        scope=Scope.PARAMETER,
        when=When.APPROXIMATION,
        breach=Breach.ABOVE,
        limit=1.1,
        ideal=1.0,
        verdict=Verdict.DO_NOT_TRUST,
        meaning="replicate fits disagree, so one of them is right by chance at best",
        source="Dhaka et al. (2020)",
    ),
    Rule(
        figure="k_hat",
        scope=Scope.BOTH,
        when=When.ALONE,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.DO_NOT_TRUST,
        meaning="the draws do not cover the posterior, and no reference says what they got right",
        source=_PSIS,
    ),
    _flag(
        "reference_failed",
        "the reference failed its own checks, so the errors are unknown; k-hat alone cannot see "
        "a mode that the draws never visit",
        _PSIS,
        when=When.ALONE,
        verdict=Verdict.UNKNOWN,
    ),
    _flag(
        "reference_absent",
        "no reference to compare with; k-hat alone cannot see a mode that the draws never visit",
        _PSIS,
        when=When.ALONE,
        verdict=Verdict.UNKNOWN,
    ),
    Rule(
        figure="mean_error_sd",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.OFF,
        limit=MEAN_LIMIT_SD,
        mcse="mean_error_mcse",
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.UNKNOWN,
        meaning="the mean is off by that many reference sds",
        source="coverage of a shifted Gaussian; Huggins et al. (2020)",
    ),
    Rule(
        figure="log_sd_ratio",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.OFF,
        limit=SD_LIMIT_LOG,
        mcse="log_sd_ratio_mcse",
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="the sd is wrong by more than a factor of 1.2",
        source="coverage of a rescaled Gaussian; Huggins et al. (2020)",
    ),
    Rule(
        figure="w1_sd",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=MEAN_LIMIT_SD,
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="the marginal has another shape",
        source="Huggins et al. (2020)",
    ),
    Rule(
        figure="coverage_90",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.OFF,
        limit=0.07,
        ideal=0.9,
        mcse="coverage_90_mcse",
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="the 90% interval does not hold 90% of the reference",
        source="coverage of a Gaussian rescaled by 1.2",
    ),
    Rule(
        figure="coverage_50",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.OFF,
        limit=0.1,
        ideal=0.5,
        mcse="coverage_50_mcse",
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="the 50% interval does not hold 50% of the reference",
        source="coverage of a Gaussian rescaled by 1.2",
    ),
    Rule(
        figure="mahalanobis_beyond_null",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=MEAN_LIMIT_SD,
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.MEANS_ONLY,
        meaning="the mean of a combination of parameters is off by that many reference sds",
        source="limit of the mean error, for combinations",
    ),
    Rule(
        figure="covariance_error_beyond_null",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=0.44,
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        meaning="the variance of a combination of parameters is wrong by that relative error",
        source="1.2 squared less 1; Huggins et al. (2020)",
    ),
    Rule(
        figure="c2st_accuracy",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=0.6,
        ideal=0.5,
        mcse="c2st_mcse",
        verdict=Verdict.MEANS_ONLY,
        meaning="a classifier tells the joint draws from the reference's",
        source="Lopez-Paz and Oquab (2017)",
    ),
    Rule(
        figure="k_hat",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.MEANS_ONLY,
        meaning="the joint draws do not cover the posterior, though the means agree",
        source=_PSIS + "; Dhaka et al. (2021)",
    ),
)

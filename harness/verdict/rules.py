"""The rules: which criterion, against which limit, gives which verdict, and on whose authority.

`docs/verdict.md` shows the same table with the reasons at length; a test keeps them together.
"""

import math

from harness.verdict.outcome import Verdict
from harness.verdict.rule import Breach, Rule, Scope, When


def _flag(
    criterion: str,
    source: str,
    *,
    when: When = When.ALWAYS,
    verdict: Verdict = Verdict.DO_NOT_TRUST,
    meaning: str = "",
) -> Rule:
    return Rule(
        criterion=criterion,
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
#: Above this R-hat over the chains of all fits, some have been where others have not.
R_HAT_ALL_LIMIT = 1.1
E_BFMI_LIMIT = 0.3

# A 90% interval of a Gaussian shifted by 0.3 sd still covers 88.5%.
MEAN_LIMIT_SD = 0.3
# An sd ratio within 1/1.2 to 1.2: a Gaussian's 90% interval then covers 83% to 95%.
SD_LIMIT_LOG = math.log(1.2)
# The worst of all combinations is looked for: shifted by 0.6 sd, the 90% interval of a Gaussian
# covers 84%, about the limit of the coverage.
COMBINATION_LIMIT_SD = 0.6
# A combination with a third of its sd has collapsed: of its 90% interval less than half is left.
COLLAPSE_LIMIT_LOG = -2 * math.log(3)

_OF_MEANS = (Verdict.DO_NOT_TRUST, Verdict.UNKNOWN)
_OF_SDS = (Verdict.MEANS_ONLY, Verdict.MEANS_ONLY)
_RANK = "Vehtari et al. (2021)"
_PSIS = "Vehtari et al. (2024); Yao et al. (2018)"

RULES: tuple[Rule, ...] = (
    _flag("failed", "no value exists"),
    _flag("collapsed", "a point has no spread"),
    _flag("weight_mistake", "Hoffman et al. (2013)", meaning="the fit is to another posterior"),
    _flag("stopped_early", "Dhaka et al. (2020)", when=When.ALONE),
    Rule(
        criterion="mode_gap_sd",
        scope=Scope.BOTH,
        when=When.ALONE,
        breach=Breach.ABOVE,
        limit=MEAN_LIMIT_SD,
        verdict=Verdict.DO_NOT_TRUST,
        meaning="the optimiser stopped early, and another start would stop elsewhere",
        source="Newton decrement; Boyd and Vandenberghe (2004)",
    ),
    _flag("may_diverge", "Dhaka et al. (2020)"),
    _flag("mode_missed", "Yao et al. (2018)"),
    Rule(
        criterion="r_hat_all",
        scope=Scope.BOTH,
        when=When.ALWAYS,
        breach=Breach.ABOVE,
        limit=R_HAT_ALL_LIMIT,
        ideal=1.0,
        verdict=Verdict.UNKNOWN,
        meaning="some chains have been where others have not, and none has been everywhere",
        source="Vehtari et al. (2021); Yao et al. (2022)",
    ),
    _flag("nameless", "Stephens (2000)", when=When.APPROXIMATION, verdict=Verdict.UNKNOWN),
    Rule(
        criterion="k_hat",
        scope=Scope.PARAMETER,
        when=When.WEIGHTED,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.UNKNOWN,
        meaning="the weights give no reliable estimate",
        source="Vehtari et al. (2024)",
    ),
    *(
        Rule(
            criterion=f"k_hat_{what}",
            scope=Scope.PARAMETER,
            when=When.WEIGHTED,
            breach=Breach.ABOVE,
            limit="k_hat_limit",
            verdict=verdict,
            doubt=doubt,
            meaning=f"a few draws decide the weighted {what}",
            source="Vehtari et al. (2024)",
        )
        for what, verdict, doubt in (("mean", *_OF_MEANS), ("sd", *_OF_SDS))
    ),
    Rule(
        criterion="r_hat",
        scope=Scope.PARAMETER,
        when=When.MCMC,
        breach=Breach.ABOVE,
        limit="r_hat_limit",
        ideal=1.0,
        verdict=Verdict.DO_NOT_TRUST,
        doubt=Verdict.UNKNOWN,
        meaning="the chains have not mixed",
        source=_RANK,
    ),
    *(
        Rule(
            criterion=f"ess_{part}",
            scope=Scope.PARAMETER,
            when=When.MCMC,
            breach=Breach.BELOW,
            limit=ESS_LIMIT,
            verdict=verdict,
            doubt=verdict,
            meaning=f"too few effective draws {what}",
            source=_RANK,
        )
        for part, verdict, what in (
            ("bulk", Verdict.UNKNOWN, "to estimate a mean or to rely on R-hat"),
            ("tail", Verdict.MEANS_ONLY, "in the tails for intervals"),
        )
    ),
    Rule(
        criterion="n_divergent",
        scope=Scope.BOTH,
        when=When.MCMC,
        breach=Breach.ABOVE,
        limit=0.0,
        verdict=Verdict.UNKNOWN,
        meaning="the sampler left a region unexplored, and the bias is not known",
        source="Betancourt (2017)",
    ),
    Rule(
        criterion="e_bfmi",
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
        criterion="r_hat_runs",
        scope=Scope.PARAMETER,
        when=When.APPROXIMATION,
        breach=Breach.ABOVE,
        limit=1.1,
        ideal=1.0,
        verdict=Verdict.DO_NOT_TRUST,
        meaning="the replicates disagree, so a single fit is right only by chance",
        source="Dhaka et al. (2020)",
    ),
    Rule(
        criterion="k_hat",
        scope=Scope.BOTH,
        when=When.ALONE,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.DO_NOT_TRUST,
        meaning="the draws do not cover the posterior, and no reference shows what is right",
        source=_PSIS,
    ),
    *(
        _flag(
            state,
            _PSIS,
            when=When.ALONE,
            verdict=Verdict.UNKNOWN,
            meaning="k-hat alone cannot detect a mode without draws",
        )
        for state in ("reference_failed", "reference_absent")
    ),
    *(
        Rule(
            criterion=criterion,
            scope=Scope.PARAMETER,
            when=When.COMPARED,
            breach=Breach.OFF,
            limit=limit,
            mcse=f"{criterion.removesuffix('_sd')}_mcse",
            chance=chance,
            verdict=verdict,
            doubt=doubt,
            source=f"coverage of a {what} Gaussian; Huggins et al. (2020)",
        )
        for criterion, limit, chance, (verdict, doubt), what in (
            ("mean_error_sd", MEAN_LIMIT_SD, "", _OF_MEANS, "shifted"),
            ("log_sd_ratio", SD_LIMIT_LOG, "log_sd_ratio_chance", _OF_SDS, "rescaled"),
        )
    ),
    Rule(
        criterion="w1_sd",
        scope=Scope.PARAMETER,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=MEAN_LIMIT_SD,
        verdict=Verdict.MEANS_ONLY,
        doubt=Verdict.MEANS_ONLY,
        source="Huggins et al. (2020)",
    ),
    *(
        Rule(
            criterion=f"coverage_{level}",
            scope=Scope.PARAMETER,
            when=When.COMPARED,
            breach=Breach.OFF,
            limit=limit,
            ideal=level / 100,
            mcse=f"coverage_{level}_mcse",
            chance=f"coverage_{level}_chance",
            verdict=Verdict.MEANS_ONLY,
            doubt=Verdict.MEANS_ONLY,
            source="coverage of a Gaussian rescaled by 1.2",
        )
        for level, limit in ((90, 0.07), (50, 0.1))
    ),
    Rule(
        criterion="log_eigenvalue_low",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.BELOW,
        limit=COLLAPSE_LIMIT_LOG,
        mcse="log_eigenvalue_low_mcse",
        chance="log_eigenvalue_low_chance",
        verdict=Verdict.MEANS_ONLY,
        meaning="the draws have collapsed in a direction, and so have all intervals along it",
        source="coverage of a Gaussian rescaled by 1/3",
    ),
    Rule(
        criterion="mahalanobis",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=COMBINATION_LIMIT_SD,
        mcse="mahalanobis_mcse",
        verdict=Verdict.MARGINALS,
        doubt=Verdict.MARGINALS,
        source="coverage of a shifted Gaussian",
    ),
    *(
        Rule(
            criterion=edge,
            scope=Scope.FIT,
            when=When.COMPARED,
            breach=Breach.OFF,
            limit=2 * SD_LIMIT_LOG,
            mcse=f"{edge}_mcse",
            chance=f"{edge}_chance",
            verdict=Verdict.MARGINALS,
            doubt=Verdict.MARGINALS,
            source="1.2 squared; Huggins et al. (2020)",
        )
        for edge in ("log_eigenvalue_low", "log_eigenvalue_high")
    ),
    Rule(
        criterion="c2st_accuracy",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit=0.6,
        ideal=0.5,
        mcse="c2st_mcse",
        verdict=Verdict.MARGINALS,
        source="Lopez-Paz and Oquab (2017)",
    ),
    Rule(
        criterion="k_hat",
        scope=Scope.FIT,
        when=When.COMPARED,
        breach=Breach.ABOVE,
        limit="k_hat_threshold",
        verdict=Verdict.MARGINALS,
        meaning="the joint draws do not cover the posterior, though the parameters agree",
        source=_PSIS + "; Dhaka et al. (2021)",
    ),
    Rule(
        criterion="n_disagreeing",
        scope=Scope.FIT,
        when=When.APPROXIMATION,
        breach=Breach.ABOVE,
        verdict=Verdict.MARGINALS,
        meaning="one seed is luck",
        source="Dhaka et al. (2020)",
    ),
)

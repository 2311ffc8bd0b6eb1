"""What evidence says of draws: a verdict, with the criterion that decided it.

The limits and where they come from stand in ``docs/verdict.md``.
"""

import math

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.checks import Check, at_least, at_most, concluded, in_words
from harness.evidence.missed import Missed
from harness.evidence.search import DEAR, Search
from harness.evidence.weights import K_HAT_LIMIT, Weighted
from harness.messages.numerals import counted, numeral
from harness.methods.chain_checks import ChainChecks
from harness.verdict.criteria import Judgement, Verdict
from harness.verdict.rules import E_BFMI_LIMIT, ESS_LIMIT, MEAN_LIMIT_SD, R_HAT_LIMIT

#: A mode that would change an sd by more than this factor is missed.
SD_LIMIT_LOG = math.log(1.25)
#: Part of the transitions that may diverge.
DIVERGENT_LIMIT = 0.005
#: Of the starts that have ended, at least this part must have ended at a mode.
REACHED_LIMIT = 0.5

_REPARAMETRISE = (
    "reparametrise the program, for example with non-centred parameters, or give its scales "
    "priors that keep them away from zero"
)


def _reached_check(search: Search) -> Check:
    """Return whether the posterior has modes at all."""
    reached = search.n_reached / max(1, search.n_starts)
    why = f", as in a funnel or on a ridge; {_REPARAMETRISE}"
    if search.n_dear > search.n_starts - search.n_reached - search.n_dear:
        why = (
            f"; {counted(search.n_dear, 'start')} of {search.n_starts} had to be given up, because "
            f"{DEAR}; give parameters priors or bounds that keep them away from there"
        )
    return at_least(
        *("reached_share", reached, REACHED_LIMIT),
        f"only {{value}} of the optimiser's starts ended at a mode (limit {{limit}}){why}",
    )


def _mode_checks(search: Search | None, lost: Missed) -> list[Check]:
    """Return what the search for modes says of draws."""
    share = numeral(100 * lost.share, 2)
    return [
        at_most(
            *("endless", float(lost.is_endless), 0.0),
            "from a place where a climb ended the density does not fall, however far one goes: the "
            "posterior is improper, or nearly so; give every parameter a proper prior",
        ),
        *([] if search is None else [_reached_check(search)]),
        at_most(
            *("missed_mean_sd", lost.mean_error_sd, MEAN_LIMIT_SD),
            f"a mode with about {share}% of the mass has few or no draws and would move a mean "
            "by {value} sds (limit {limit})",
            Verdict.DO_NOT_TRUST,
        ),
        at_most(
            *("missed_log_sd_ratio", lost.log_sd_ratio, SD_LIMIT_LOG),
            f"a mode with about {share}% of the mass has few or no draws and would change the "
            "logarithm of an sd by {value} (limit {limit})",
            Verdict.DO_NOT_TRUST,
        ),
    ]


def judge_search(search: Search) -> Judgement:
    """Judge whether there are modes to start from; no criterion decides if there are."""
    check = _reached_check(search)
    if not check.is_kept:
        return concluded([check], "", shown=check.criterion)
    return Judgement(verdict=Verdict.UNKNOWN, criterion="", reason="no draws yet", nearness=0.0)


def judge_weighted(draws: Weighted, search: Search, lost: Missed) -> Judgement:
    """Judge weighted draws.

    Parameters
    ----------
    draws : Weighted
    search : Search
        For modes.
    lost : Missed
        What modes without draws would do to them.

    Returns
    -------
    Judgement
        *trust* if the weights can carry sds and no mode that was found is missed; *do not trust* if
        one is; else *unknown*.
    """
    advice = "the proposal is too far from the posterior; NUTS can tell"
    checks = [
        *_mode_checks(search, lost),
        at_least(
            *("n_eff_square", draws.n_eff_square, draws.n_eff_limit),
            "the effective number of weighted draws for an sd is {value} (limit {limit}): "
            + advice,
        ),
        at_most(
            *("k_hat_square", draws.k_hat, K_HAT_LIMIT),
            "the largest k-hat of w, w h and w h^2 is {value} (limit {limit}): " + advice,
        ),
    ]
    return concluded(
        checks,
        "the weights carry means and sds: {value} effective draws for the sd of the worst "
        "parameter (limit {limit})",
        shown="n_eff_square",
    )


def judge_chains(
    chains: ChainChecks, search: Search | None, lost: Missed, *, name: str, divergent_limit: float
) -> Judgement:
    """Judge chains as those of NUTS.

    Parameters
    ----------
    chains : ChainChecks
    search : Search or None
        None where the chains need no mode to start from.
    lost : Missed
        What modes without draws would do to them.
    name : str
        What made them.
    divergent_limit : float
        The part of the transitions that may diverge.

    Returns
    -------
    Judgement
        *trust* if all diagnostics are within their limits; *marginals* if those of the log density,
        which looks at all parameters together, are not; *do not trust* if a mode is missed; else
        *unknown*.
    """
    checks = [
        *_mode_checks(search, lost),
        at_most(
            *("divergent_share", chains.divergent, divergent_limit),
            f"{numeral(100 * chains.divergent, 2)}% of the transitions of {name} diverged; "
            + _REPARAMETRISE,
        ),
        at_least(
            *("e_bfmi", chains.e_bfmi, E_BFMI_LIMIT),
            f"E-BFMI of {name} is {{value}} (limit {{limit}}); {_REPARAMETRISE}",
        ),
        at_most(
            *("r_hat", chains.r_hat, chains.r_hat_limit),
            f"R-hat of {name} is {{value}} (limit {{limit}}): its chains have not mixed",
        ),
        at_least(
            *("ess_bulk", chains.ess_bulk, ESS_LIMIT),
            f"the bulk effective sample size of {name} is {{value}} (limit {{limit}})",
        ),
        at_least(
            *("ess_tail", chains.ess_tail, ESS_LIMIT),
            f"the tail effective sample size of {name} is {{value}} (limit {{limit}})",
        ),
        at_most(
            *("r_hat_log_p", chains.r_hat_log_p, R_HAT_LIMIT),
            "R-hat of the log density is {value} (limit {limit}): each parameter may be used, but "
            "the chains do not show that the joint draws may",
            Verdict.MARGINALS,
        ),
    ]
    return concluded(
        checks, f"{name} passes its own checks: R-hat is {{value}} (limit {{limit}})", shown="r_hat"
    )


def missed_problem(lost: Missed) -> str:
    """Say what draws lack, as a clause; empty if no mode that they lack would change much."""
    broken = [check for check in _mode_checks(None, lost) if not check.is_kept]
    return in_words(broken[0]) if broken else ""


def judge_raw(raw: FloatArray, reference: FloatArray) -> tuple[Judgement, str]:
    """Judge draws without weights against those that may be trusted.

    Parameters
    ----------
    raw : ndarray, shape (n, d)
    reference : ndarray, shape (m, d)
        The provisional reference.

    Returns
    -------
    Judgement
        *do not trust* if a mean is off, *means only* if an sd is, else *trust*.
    str
        The errors in words.
    """
    sd = reference.std(axis=0)
    mean_error = float(np.max(np.abs(raw.mean(axis=0) - reference.mean(axis=0)) / sd))
    log_ratios = np.log(raw.std(axis=0) / sd)
    low, high = np.exp(log_ratios.min()), np.exp(log_ratios.max())
    checks = [
        at_most(
            *("mean_error_sd", mean_error, MEAN_LIMIT_SD),
            "a mean is {value} sds off (limit {limit})",
            Verdict.DO_NOT_TRUST,
        ),
        at_most(
            *("log_sd_ratio", float(np.abs(log_ratios).max()), SD_LIMIT_LOG),
            "the logarithm of an sd's ratio is {value} (limit {limit})",
            Verdict.MEANS_ONLY,
        ),
    ]
    praise = "means are within {value} sds of the draws that may be trusted (limit {limit})"
    found = (
        f"means within {numeral(mean_error, 2)} sds, sds {numeral(low, 2)} to {numeral(high, 2)} "
        "times those of the draws that may be trusted"
    )
    return concluded(checks, praise, shown="mean_error_sd"), found


def judge_nothing(reason: str) -> Judgement:
    """Return the verdict where evidence cannot be had, with the reason."""
    return Judgement(
        verdict=Verdict.UNKNOWN, criterion="no_evidence", reason=reason, nearness=math.inf
    )

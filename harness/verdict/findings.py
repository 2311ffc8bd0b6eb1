"""What each rule says of a fit or of one of its parameters."""

import math
from functools import cache

from harness.verdict.criteria import FitCriteria, ParameterCriteria, Reference, Verdict, known
from harness.verdict.rule import MCSE_MARGIN, Breach, Finding, Rule, Scope, When, nearness_of, past
from harness.verdict.rules import RULES


def findings_of(
    scopes: tuple[Scope, ...], criteria: ParameterCriteria, fit: FitCriteria
) -> list[Finding]:
    """Collect what each rule that applies has to say.

    Parameters
    ----------
    scopes : tuple of Scope
        Which rules to ask.
    criteria : ParameterCriteria
        Those of a parameter; none of them known where the fit is judged.
    fit : FitCriteria

    Returns
    -------
    list of Finding
        In the order of the rules.
    """
    compared = fit.reference is Reference.VALID
    rules = _rules(scopes, compared=compared, is_mcmc=fit.is_mcmc, is_weighted=fit.is_weighted)
    said = [_apply(rule, criteria, fit) for rule in rules]
    return [finding for finding in said if finding is not None]


@cache
def _rules(
    scopes: tuple[Scope, ...], *, compared: bool, is_mcmc: bool, is_weighted: bool
) -> tuple[Rule, ...]:
    """Pick the rules that apply to fits of a kind."""
    applies = {
        When.ALWAYS: True,
        When.MCMC: is_mcmc,
        When.APPROXIMATION: not is_mcmc,
        When.COMPARED: compared,
        When.ALONE: not is_mcmc and not compared,
        When.WEIGHTED: is_weighted,
    }
    return tuple(rule for rule in RULES if rule.scope in scopes and applies[rule.when])


def _apply(rule: Rule, criteria: ParameterCriteria, fit: FitCriteria) -> Finding | None:
    """One rule; None where it is skipped."""
    if rule.breach is Breach.TRUE:
        is_broken = bool(getattr(fit, rule.criterion))
        return Finding(rule=rule, verdict=rule.verdict, nearness=math.inf) if is_broken else None
    value = _lookup(rule.criterion, criteria, fit)
    limit = _lookup(rule.limit, criteria, fit) if isinstance(rule.limit, str) else rule.limit
    error = _lookup(rule.mcse, criteria, fit) if rule.mcse else 0.0
    if value is None or limit is None or error is None:
        return Finding(rule=rule, verdict=Verdict.UNKNOWN, nearness=1.0).doubted()
    excess, margin = past(value, limit=limit, rule=rule), MCSE_MARGIN * error
    finding = Finding(
        rule=rule,
        verdict=rule.verdict if excess > margin else Verdict.TRUST,
        nearness=nearness_of(value, limit=limit, rule=rule),
        value=value,
        limit=limit,
        mcse=error,
        chance=_lookup(rule.chance, criteria, fit) if rule.chance else None,
    )
    return finding.doubted() if margin > 0 and -margin < excess <= margin else finding


def _lookup(name: str, criteria: ParameterCriteria, fit: FitCriteria) -> float | None:
    return known(getattr(criteria if hasattr(criteria, name) else fit, name))

"""Apply the rules: the worst verdict that a rule reaches, and the first rule that reaches it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.verdict.criteria import (
    FitCriteria,
    Judgement,
    ParameterCriteria,
    Reference,
    Verdict,
    known,
)
from harness.verdict.rule import Breach, Rule, Scope, When
from harness.verdict.rules import RULES
from harness.verdict.wording import statement

# From best to worst: nothing known outweighs a fault known to be harmless to means.
SEVERITY = (Verdict.TRUST, Verdict.MEANS_ONLY, Verdict.UNKNOWN, Verdict.DO_NOT_TRUST)

# How many of its Monte Carlo standard errors must lie between a value and its limit.
MCSE_MARGIN = 2.0

_SYMMETRIC = "; it covers one of several symmetric modes and is judged with its own labels"
_IN_DOUBT = ", too close to the limit for its Monte Carlo error"
_CHAINS_ALONE = "; without a reference, a mode that no chain visits cannot be detected"


def judge_parameter(criteria: ParameterCriteria, *, fit: FitCriteria) -> Judgement:
    """Verdict on one parameter of a fit.

    Parameters
    ----------
    criteria : ParameterCriteria
        Those of the parameter; None or NaN are unknown.
    fit : FitCriteria
        Its fit: flags and statistics that decide over every parameter.

    Returns
    -------
    Judgement
        *trust*: mean, sd and intervals may be used; *means only*; *do not trust*; *unknown*.

    References
    ----------
    The rules and their sources stand in `harness.verdict.rules` and `docs/verdict.md`.
    """
    findings = _findings((Scope.PARAMETER, Scope.BOTH), criteria, fit)
    return _conclude(_decisive(findings), fit=fit)


def judge_fit(fit: FitCriteria, *, parameters: Mapping[str, Judgement]) -> Judgement:
    """Verdict on a fit as a whole: the worst of its own rules and of its parameters.

    Parameters
    ----------
    fit : FitCriteria
        The fit's flags and statistics; None or NaN are unknown.
    parameters : mapping of str to Judgement
        The verdict on each parameter, by name; without any, a fit can at best be unknown.

    Returns
    -------
    Judgement
        *trust*: the joint draws may be used; *means only*; *do not trust*; *unknown*. Of several
        parameters with the worst verdict, the reason names the one furthest past its limit.
    """
    candidates = []
    own = _decisive(_findings((Scope.FIT, Scope.BOTH), ParameterCriteria(), fit))
    if own is not None and (parameters or own.verdict in {Verdict.UNKNOWN, Verdict.DO_NOT_TRUST}):
        candidates.append(_conclude(own, fit=fit))
    candidates += [
        replace(each, reason=f"{name}: {each.reason}", parameter=name)
        for name, each in parameters.items()
    ]
    if not candidates:
        return _conclude(None, fit=fit)
    return max(candidates, key=lambda each: (SEVERITY.index(each.verdict), each.nearness))


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """What a rule has to say: the verdict that it reaches, by which value."""

    rule: Rule
    verdict: Verdict
    nearness: float
    value: float | None = None
    limit: float | None = None
    mcse: float | None = None
    is_in_doubt: bool = False


def _findings(
    scopes: tuple[Scope, ...], criteria: ParameterCriteria, fit: FitCriteria
) -> list[_Finding]:
    """Collect what each rule that applies has to say."""
    rules = [rule for rule in RULES if rule.scope in scopes and _applies(rule, fit)]
    said = [_apply(rule, criteria, fit) for rule in rules]
    return [finding for finding in said if finding is not None]


def _applies(rule: Rule, fit: FitCriteria) -> bool:
    compared = fit.reference is Reference.VALID
    return {
        When.ALWAYS: True,
        When.MCMC: fit.is_mcmc,
        When.APPROXIMATION: not fit.is_mcmc,
        When.COMPARED: compared,
        When.ALONE: not fit.is_mcmc and not compared,
        When.WEIGHTED: fit.is_weighted,
    }[rule.when]


def _decisive(findings: Sequence[_Finding]) -> _Finding | None:
    """Pick the first of the worst; if all limits are kept, the one nearest to its limit."""
    if not findings:
        return None
    worst = max(findings, key=lambda each: SEVERITY.index(each.verdict))
    if worst.verdict is not Verdict.TRUST:
        return worst
    return max(findings, key=lambda each: each.nearness)


def _conclude(decisive: _Finding | None, *, fit: FitCriteria) -> Judgement:
    """Say what a finding says, in a sentence at last."""
    if decisive is None:
        return Judgement(
            verdict=Verdict.UNKNOWN,
            criterion="",
            reason="no criterion is known",
            nearness=1.0,
        )
    return Judgement(
        verdict=decisive.verdict,
        criterion=decisive.rule.criterion,
        value=decisive.value,
        limit=decisive.limit,
        reason=_sentence(decisive, fit),
        nearness=decisive.nearness,
    )


def _sentence(finding: _Finding, fit: FitCriteria) -> str:
    """Write what was found, and what follows from it."""
    said = statement(
        finding.rule.criterion,
        verdict=finding.verdict,
        value=finding.value,
        limit=finding.limit,
        mcse=finding.mcse,
    )
    if finding.is_in_doubt:
        said += "" if finding.value is None else _IN_DOUBT
    elif finding.verdict is Verdict.TRUST:
        said += "" if fit.reference is Reference.VALID else _CHAINS_ALONE
    else:
        told = fit.failure if finding.rule.criterion == "failed" else finding.rule.meaning
        said += f": {told}" if told else ""
    return said + (_SYMMETRIC if fit.symmetric_mode else "")


def _apply(rule: Rule, criteria: ParameterCriteria, fit: FitCriteria) -> _Finding | None:
    """One rule; None where it is skipped."""
    if rule.breach is Breach.TRUE:
        is_broken = bool(getattr(fit, rule.criterion))
        return _Finding(rule=rule, verdict=rule.verdict, nearness=math.inf) if is_broken else None
    value = _lookup(rule.criterion, criteria, fit)
    limit = _lookup(rule.limit, criteria, fit) if isinstance(rule.limit, str) else rule.limit
    error = _lookup(rule.mcse, criteria, fit) if rule.mcse else 0.0
    if value is None or limit is None or error is None:
        return _in_doubt(_Finding(rule=rule, verdict=Verdict.UNKNOWN, nearness=1.0))
    excess, margin = _excess(value, limit=limit, rule=rule), MCSE_MARGIN * error
    finding = _Finding(
        rule=rule,
        verdict=rule.verdict if excess > margin else Verdict.TRUST,
        nearness=_nearness(value, limit=limit, rule=rule),
        value=value,
        limit=limit,
        mcse=error,
    )
    return _in_doubt(finding) if margin > 0 and -margin < excess <= margin else finding


def _in_doubt(finding: _Finding) -> _Finding | None:
    """Reach what a rule says of a value in doubt, or one that is not known."""
    if finding.rule.doubt is None:
        return None
    return replace(finding, verdict=finding.rule.doubt, nearness=1.0, is_in_doubt=True)


def _excess(value: float, *, limit: float, rule: Rule) -> float:
    """By how much the value is past its limit, in its own units; negative inside."""
    if rule.breach is Breach.BELOW:
        return limit - value
    return _distance(value, rule) - limit


def _distance(value: float, rule: Rule) -> float:
    """Return what of a value is compared with its limit."""
    return abs(value - rule.ideal) if rule.breach is Breach.OFF else value


def _nearness(value: float, *, limit: float, rule: Rule) -> float:
    if rule.breach is Breach.BELOW:
        return limit / value if value > 0 else math.inf
    if rule.breach is Breach.OFF:
        return _distance(value, rule) / limit
    room = limit - rule.ideal
    if room > 0:
        return max((value - rule.ideal) / room, 0.0)
    return math.inf if value > limit else 0.0


def _lookup(name: str, criteria: ParameterCriteria, fit: FitCriteria) -> float | None:
    return known(getattr(criteria if hasattr(criteria, name) else fit, name))

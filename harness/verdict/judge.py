"""Apply the rules: the worst verdict that a rule reaches, and the first rule that reaches it."""

import math
from collections.abc import Mapping, Sequence

from harness.numerals import beside_limit, numeral
from harness.verdict.figures import (
    FitFigures,
    Judgement,
    ParameterFigures,
    Reference,
    Verdict,
    known,
)
from harness.verdict.rule import Breach, Rule, Scope, When
from harness.verdict.rules import RULES

# From best to worst: nothing known outweighs a fault known to be harmless to means.
SEVERITY = (Verdict.TRUST, Verdict.MEANS_ONLY, Verdict.UNKNOWN, Verdict.DO_NOT_TRUST)

# How many of its Monte Carlo standard errors must lie between a figure and its limit.
MCSE_MARGIN = 2.0

_SYMMETRIC = "; it covers one of several symmetric modes and is judged under its labels"
_CHAINS_ALONE = "; no reference: chains cannot tell of a mode that none of them visits"


def judge_parameter(figures: ParameterFigures, *, fit: FitFigures) -> Judgement:
    """Verdict on one parameter of a fit.

    Parameters
    ----------
    figures : ParameterFigures
        The parameter's figures; None or NaN are unknown.
    fit : FitFigures
        Its fit: flags and figures that decide over every parameter.

    Returns
    -------
    Judgement
        *trust*: mean, sd and intervals may be used; *means only*; *do not trust*; *unknown*.

    References
    ----------
    The rules and their sources stand in `harness.verdict.rules` and `docs/verdict.md`.
    """
    findings = _findings((Scope.PARAMETER, Scope.BOTH), figures, fit)
    return _conclude(_decisive(findings), fit=fit)


def judge_fit(fit: FitFigures, *, parameters: Mapping[str, Judgement]) -> Judgement:
    """Verdict on a fit as a whole: the worst of its own rules and of its parameters.

    Parameters
    ----------
    fit : FitFigures
        The fit's flags and figures; None or NaN are unknown.
    parameters : mapping of str to Judgement
        The verdict on each parameter, by name; without any, a fit can at best be unknown.

    Returns
    -------
    Judgement
        *trust*: the joint draws may be used; *means only*; *do not trust*; *unknown*. Of several
        parameters with the worst verdict, the reason names the one furthest past its limit.
    """
    candidates = []
    own = _decisive(_findings((Scope.FIT, Scope.BOTH), ParameterFigures(), fit))
    if own is not None and (parameters or own.verdict in {Verdict.UNKNOWN, Verdict.DO_NOT_TRUST}):
        candidates.append(_conclude(own, fit=fit))
    candidates += [
        Judgement(
            verdict=each.verdict,
            figure=each.figure,
            reason=f"{name}: {each.reason}",
            nearness=each.nearness,
        )
        for name, each in parameters.items()
    ]
    if not candidates:
        return _conclude(None, fit=fit)
    return max(candidates, key=lambda each: (SEVERITY.index(each.verdict), each.nearness))


def _findings(
    scopes: tuple[Scope, ...], figures: ParameterFigures, fit: FitFigures
) -> list[Judgement]:
    """Collect what each rule that applies has to say."""
    rules = [rule for rule in RULES if rule.scope in scopes and _applies(rule, fit)]
    said = [_apply(rule, figures, fit) for rule in rules]
    return [finding for finding in said if finding is not None]


def _applies(rule: Rule, fit: FitFigures) -> bool:
    compared = fit.reference is Reference.VALID
    return {
        When.ALWAYS: True,
        When.MCMC: fit.is_mcmc,
        When.APPROXIMATION: not fit.is_mcmc,
        When.COMPARED: compared,
        When.ALONE: not fit.is_mcmc and not compared,
        When.WEIGHTED: fit.is_weighted,
    }[rule.when]


def _decisive(findings: Sequence[Judgement]) -> Judgement | None:
    """Pick the first of the worst; if all limits are kept, the one nearest to its limit."""
    if not findings:
        return None
    worst = max(findings, key=lambda each: SEVERITY.index(each.verdict))
    if worst.verdict is not Verdict.TRUST:
        return worst
    return max(findings, key=lambda each: each.nearness)


def _conclude(decisive: Judgement | None, *, fit: FitFigures) -> Judgement:
    """Turn the decisive finding into the sentence that a reader gets."""
    if decisive is None:
        return Judgement(
            verdict=Verdict.UNKNOWN,
            figure="none",
            reason="no figure that could decide is known",
            nearness=1.0,
        )
    reason = decisive.reason
    if decisive.verdict is Verdict.TRUST:
        alone = "" if fit.reference is Reference.VALID else _CHAINS_ALONE
        reason = f"every figure is within its limit, {reason} the nearest to it{alone}"
    return Judgement(
        verdict=decisive.verdict,
        figure=decisive.figure,
        reason=reason + (_SYMMETRIC if fit.symmetric_mode else ""),
        nearness=decisive.nearness,
    )


def _apply(rule: Rule, figures: ParameterFigures, fit: FitFigures) -> Judgement | None:
    """One rule; None where it has nothing to say."""
    if rule.breach is Breach.TRUE:
        broken = bool(getattr(fit, rule.figure))
        why = fit.failure if rule.figure == "failed" and fit.failure else rule.meaning
        sentence = f"{rule.figure}: {why}"
        return _finding(rule, rule.verdict, sentence, nearness=math.inf) if broken else None
    value = _lookup(rule.figure, figures, fit)
    limit = _lookup(rule.limit, figures, fit) if isinstance(rule.limit, str) else rule.limit
    error = _lookup(rule.mcse, figures, fit) if rule.mcse else 0.0
    if value is None or limit is None or error is None:
        return _finding(rule, rule.doubt, f"{rule.figure} is not known")
    number, bound = beside_limit(value, limit, distance=lambda each: _distance(each, rule))
    shown = f"{rule.figure} = {number}" + (f" (MCSE {numeral(error, 2)})" if rule.mcse else "")
    nearness = _nearness(value, limit=limit, rule=rule)
    excess = _excess(value, limit=limit, rule=rule)
    if excess > MCSE_MARGIN * error:
        origin = f" from {numeral(rule.ideal)}" if rule.breach is Breach.OFF and rule.ideal else ""
        sentence = f"{shown}, {rule.breach} {bound}{origin}: {rule.meaning}"
        return _finding(rule, rule.verdict, sentence, nearness=nearness)
    if error > 0 and excess > -MCSE_MARGIN * error:
        sentence = f"{shown} is too close to its limit {bound} for its MCSE"
        return _finding(rule, rule.doubt, sentence)
    return _finding(rule, Verdict.TRUST, f"{shown} (limit {bound})", nearness=nearness)


def _finding(
    rule: Rule, verdict: Verdict | None, sentence: str, *, nearness: float = 1.0
) -> Judgement | None:
    if verdict is None:
        return None
    return Judgement(verdict=verdict, figure=rule.figure, reason=sentence, nearness=nearness)


def _excess(value: float, *, limit: float, rule: Rule) -> float:
    """By how much the figure is past its limit, in its own units; negative inside."""
    if rule.breach is Breach.BELOW:
        return limit - value
    return _distance(value, rule) - limit


def _distance(value: float, rule: Rule) -> float:
    """Return what of a figure is compared with its limit."""
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


def _lookup(name: str, figures: ParameterFigures, fit: FitFigures) -> float | None:
    return known(getattr(figures if hasattr(figures, name) else fit, name))

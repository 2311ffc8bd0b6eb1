"""Apply the rules: the worst verdict that a rule reaches, and the first rule that reaches it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.verdict.criteria import (
    SD,
    FitCriteria,
    Judgement,
    ParameterCriteria,
    Reference,
    Verdict,
)
from harness.verdict.family import as_family
from harness.verdict.findings import findings_of
from harness.verdict.outcome import SEVERITY
from harness.verdict.rule import Finding, Scope
from harness.verdict.wording import IN_DOUBT, heavy_tails, statement

# Where the findings on the fit itself stand among those on its parameters, which have names.
_FIT = ""
# So many of the worst parameters of a fit are named.
_MOST_NAMED = 3

_SYMMETRIC = "; it covers one of several symmetric modes and is judged with its own labels"
_CHAINS_ALONE = "; without a reference, a mode that no chain visits cannot be detected"
_SCALED = ("mean_error_sd", "log_sd_ratio", "w1_sd")
_OF_REFERENCE = "the reference has draws there, and this fit has none"
_ONE_RUN = "; this is one run, and another seed may give another fit"


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
    findings = findings_of((Scope.PARAMETER, Scope.BOTH), criteria, fit)
    judgement = _conclude(_decisive(findings), fit=fit)
    return replace(
        judgement,
        reason=judgement.reason + _scale_told(judgement, criteria.error_scale),
        findings=tuple(findings),
        error_scale=criteria.error_scale,
    )


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
        *trust*: the joint draws may be used; *marginals*: each parameter by itself; *means only*;
        *do not trust*; *unknown*. Of several parameters with the worst verdict, the reason names
        the one furthest past its limit. Errors count as `harness.verdict.family` says.
    """
    of_fit = findings_of((Scope.FIT, Scope.BOTH), ParameterCriteria(), fit)
    in_family = as_family(
        {_FIT: of_fit, **{name: each.findings for name, each in parameters.items()}}
    )
    candidates: dict[str, Finding | Judgement] = {}
    own = _decisive(in_family[_FIT])
    if own is not None and (parameters or own.verdict in {Verdict.UNKNOWN, Verdict.DO_NOT_TRUST}):
        candidates[_FIT] = own
    for name, each in parameters.items():
        of_family = _decisive(in_family[name]) or _conclude(None, fit=fit)
        candidates[name] = of_family if each.findings else each
    if not candidates:
        return _conclude(None, fit=fit)
    name, worst = max(candidates.items(), key=lambda each: _badness(each[1]))
    # a sentence is written for one of thousands alone
    judgement = worst if isinstance(worst, Judgement) else _conclude(worst, fit=fit)
    if name != _FIT:
        told = "" if worst is judgement else _scale_told(judgement, parameters[name].error_scale)
        judgement = replace(judgement, reason=f"{name}: {judgement.reason}{told}", parameter=name)
    return _with_shares(judgement, parameters, told=_ONE_RUN if fit.n_runs == 1 else "")


def _scale_told(judgement: Judgement, scale: str) -> str:
    """Say what is meant by mean and sd, where that is something else."""
    is_meant = judgement.verdict is Verdict.TRUST or judgement.criterion in _SCALED
    return heavy_tails(scale) if is_meant else ""


def _badness(each: Finding | Judgement) -> tuple[int, float]:
    """Return what makes one of several the worst."""
    return SEVERITY.index(each.verdict), each.nearness


def _with_shares(
    judgement: Judgement, parameters: Mapping[str, Judgement], *, told: str
) -> Judgement:
    """Add how many parameters can be trusted by themselves, and which are the worst."""
    others = [name for name, each in parameters.items() if each.verdict is not Verdict.TRUST]
    n_heavy = sum(each.error_scale != SD for each in parameters.values())
    if n_heavy and len(parameters) > 1:
        told += (
            f"; the tails of {n_heavy:,} of {len(parameters):,} parameters are too heavy for an sd"
        )
    others.sort(key=lambda name: _badness(parameters[name]), reverse=True)
    if others and len(parameters) > 1 and judgement.parameter:
        named = ", ".join(others[:_MOST_NAMED]) + (", ..." if len(others) > _MOST_NAMED else "")
        told += (
            f"; {len(parameters) - len(others):,} of {len(parameters):,} parameters are clearly "
            f"within their limits, not so {named}"
        )
    return replace(
        judgement,
        reason=judgement.reason + told,
        n_parameters=len(parameters),
        n_within=len(parameters) - len(others),
        worst=tuple(others[:_MOST_NAMED]),
    )


def _decisive(findings: Sequence[Finding]) -> Finding | None:
    """Pick the first of the worst; if all limits are kept, the one nearest to its limit."""
    if not findings:
        return None
    worst = max(findings, key=lambda each: SEVERITY.index(each.verdict))
    if worst.verdict is not Verdict.TRUST:
        return worst
    return max(findings, key=lambda each: each.nearness)


def _conclude(decisive: Finding | None, *, fit: FitCriteria) -> Judgement:
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


def _sentence(finding: Finding, fit: FitCriteria) -> str:
    """Write what was found, and what follows from it."""
    said = statement(
        finding.rule.criterion,
        verdict=finding.verdict,
        value=finding.value,
        limit=finding.limit,
        mcse=finding.mcse,
    )
    if finding.is_in_doubt:
        said += "" if finding.value is None else IN_DOUBT
    elif finding.verdict is Verdict.TRUST:
        said += "" if fit.reference is Reference.VALID else _CHAINS_ALONE
    else:
        known = {"failed": fit.failure, "mode_missed": fit.missed or _OF_REFERENCE}
        told = known.get(finding.rule.criterion, finding.rule.meaning)
        said += f": {told}" if told else ""
    return said + (_SYMMETRIC if fit.symmetric_mode else "")

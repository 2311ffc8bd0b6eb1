"""A criterion of evidence with its value, its limit and its words, and the verdict of several."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.messages.numerals import beside_limit
from harness.verdict.criteria import Judgement, Verdict
from harness.verdict.outcome import SEVERITY

#: What no evidence of this kind excludes.
NOT_EXCLUDED = "a mode that no start has reached is not excluded"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A criterion, whether it is within its limit, and what follows if it is not."""

    criterion: str
    value: float
    limit: float
    is_kept: bool
    verdict: Verdict
    words: str

    @property
    def nearness(self) -> float:
        """How far the value has gone to its limit (1) and beyond."""
        if self.value <= 0 or self.limit <= 0:
            return math.inf if not self.is_kept else 0.0
        ratio = self.value / self.limit
        return ratio if self.is_kept == (ratio <= 1) else 1 / ratio


def at_most(
    criterion: str, value: float, limit: float, words: str, verdict: Verdict = Verdict.UNKNOWN
) -> Check:
    """Return a criterion whose value may not be above its limit."""
    return Check(
        criterion=criterion,
        value=value,
        limit=limit,
        is_kept=value <= limit,
        verdict=verdict,
        words=words,
    )


def at_least(
    criterion: str, value: float, limit: float, words: str, verdict: Verdict = Verdict.UNKNOWN
) -> Check:
    """Return a criterion whose value may not be below its limit."""
    return Check(
        criterion=criterion,
        value=value,
        limit=limit,
        is_kept=value >= limit,
        verdict=verdict,
        words=words,
    )


def concluded(checks: Sequence[Check], praise: str, *, shown: str) -> Judgement:
    """Return the worst verdict, by the first check that reaches it."""
    broken = [check for check in checks if not check.is_kept]
    if broken:
        check = max(broken, key=lambda each: SEVERITY.index(each.verdict))
        words, verdict = check.words, check.verdict
    else:
        check = next(each for each in checks if each.criterion == shown)
        words, verdict = praise, Verdict.TRUST
    return Judgement(
        verdict=verdict,
        criterion=check.criterion,
        value=check.value,
        limit=check.limit,
        reason=f"{in_words(check, words)}; {NOT_EXCLUDED}",
        nearness=check.nearness,
    )


def in_words(check: Check, words: str = "") -> str:
    """Write a check's words, or others, with its value beside its limit."""
    value, limit = beside_limit(check.value, check.limit)
    return (words or check.words).format(value=value, limit=limit)

"""What a rule of the verdict is: a criterion, a limit, and what follows; and what it found."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.verdict.outcome import Verdict


class Scope(StrEnum):
    """What a rule judges."""

    PARAMETER = "parameter"
    FIT = "fit"
    BOTH = "both"


class When(StrEnum):
    """The fits that a rule applies to."""

    ALWAYS = "always"
    MCMC = "MCMC"
    APPROXIMATION = "not MCMC"
    COMPARED = "reference valid"
    ALONE = "not MCMC, no valid reference"
    WEIGHTED = "PSIS weights"


class Breach(StrEnum):
    """How a value breaks its limit."""

    TRUE = "true"
    ABOVE = "above"
    BELOW = "below"
    OFF = "off by more than"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of the table.

    Attributes
    ----------
    criterion : str
        Attribute of the criteria that is judged.
    scope : Scope
    when : When
    breach : Breach
    limit : float or str
        A number, or the attribute of the fit's criteria that holds it; 0 for a flag.
    ideal : float
        The value that a perfect fit has; `Breach.OFF` measures from here.
    mcse : str
        Attribute that holds the value's Monte Carlo standard error, or empty. Two of them must
        lie between the value and its limit; else it is in doubt.
    chance : str
        Attribute that holds the probability that exact draws have a value as far from its ideal,
        or empty: then that of a Gaussian with the value's standard error.
    verdict : Verdict
        If the limit is broken.
    doubt : Verdict or None
        If the value is unknown or in doubt; None: the rule is then skipped.
    meaning : str
        What follows from a broken limit, as the end of a sentence; empty where the criterion says
        it already.
    source : str
        Paper, or the arithmetic that the limit comes from.
    """

    criterion: str
    scope: Scope
    when: When
    breach: Breach
    verdict: Verdict
    source: str
    meaning: str = ""
    limit: float | str = 0.0
    ideal: float = 0.0
    mcse: str = ""
    chance: str = ""
    doubt: Verdict | None = None


# How many of its Monte Carlo standard errors must lie between a value and its limit.
MCSE_MARGIN = 2.0
# The chance of an error that is larger, on one side.
CHANCE_OF_MARGIN = 0.5 * math.erfc(MCSE_MARGIN / math.sqrt(2))
# With three errors in a limit, a fault of twice the limit is six errors off: among 30,000 tests
# five are significant.
_ERRORS_IN_LIMIT = 3.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule has to say: the verdict that it reaches, by which value.

    Attributes
    ----------
    rule : Rule
    verdict : Verdict
    nearness : float
        See `harness.verdict.criteria.Judgement`.
    value, limit, mcse : float or None
        Of a flag None, and of a value that is not known.
    chance : float or None
        That of the rule, if it has one and it is known.
    is_in_doubt : bool
        Whether the value is not known, or too close to its limit for its Monte Carlo error.
    """

    rule: Rule
    verdict: Verdict
    nearness: float
    value: float | None = None
    limit: float | None = None
    mcse: float | None = None
    chance: float | None = None
    is_in_doubt: bool = False

    @property
    def p_value(self) -> float:
        """The probability that exact draws have a value as far from its ideal; 0 without error."""
        if self.chance is not None:
            return self.chance
        if self.value is None or not self.mcse:
            return 0.0
        return math.erfc(distance_of(self.value, self.rule) / self.mcse / math.sqrt(2))

    @property
    def excess(self) -> float:
        """By how many of its errors the value is past its limit; infinite without error."""
        if self.value is None or self.limit is None or not self.mcse:
            return math.inf
        return past(self.value, limit=self.limit, rule=self.rule) / self.mcse

    def can_tell(self, error: float) -> bool:
        """Whether with this error a fault of twice the limit is seen in any family."""
        if self.limit is None:
            return False
        room = self.limit if self.rule.breach is Breach.OFF else abs(self.limit - self.rule.ideal)
        return room >= _ERRORS_IN_LIMIT * error

    def kept(self) -> "Finding":
        """Return the finding of a limit that is respected."""
        known = self.value is not None and self.limit is not None
        nearness = (
            nearness_of(self.value or 0.0, limit=self.limit or 0.0, rule=self.rule)
            if known
            else self.nearness
        )
        return replace(self, verdict=Verdict.TRUST, is_in_doubt=False, nearness=nearness)

    def doubted(self) -> "Finding | None":
        """Return what the rule says of a value in doubt; None where it is then skipped."""
        if self.rule.doubt is None:
            return None
        return replace(self, verdict=self.rule.doubt, nearness=1.0, is_in_doubt=True)


def past(value: float, *, limit: float, rule: Rule) -> float:
    """Return by how much a value is past its limit, in its own units; negative inside."""
    if rule.breach is Breach.BELOW:
        return limit - value
    return (distance_of(value, rule) if rule.breach is Breach.OFF else value) - limit


def distance_of(value: float, rule: Rule) -> float:
    """Return how far a value is from its ideal."""
    return abs(value - rule.ideal)


def nearness_of(value: float, *, limit: float, rule: Rule) -> float:
    """Return how far a value has gone from its ideal (0) to its limit (1) and beyond."""
    if rule.breach is Breach.BELOW and limit < 0:
        return max(value / limit, 0.0)
    if rule.breach is Breach.BELOW:
        return limit / value if value > 0 else math.inf
    if rule.breach is Breach.OFF:
        return distance_of(value, rule) / limit
    room = limit - rule.ideal
    if room > 0:
        return max((value - rule.ideal) / room, 0.0)
    return math.inf if value > limit else 0.0

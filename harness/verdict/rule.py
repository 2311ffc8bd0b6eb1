"""What a rule of the verdict is: a criterion, a limit, and what follows."""

from dataclasses import dataclass
from enum import StrEnum

from harness.verdict.criteria import Verdict


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
    doubt: Verdict | None = None

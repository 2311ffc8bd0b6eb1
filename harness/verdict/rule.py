"""What a rule of the verdict is: a figure, a limit, and what follows."""

from dataclasses import dataclass
from enum import StrEnum

from harness.verdict.figures import Verdict


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
    """How a figure breaks its limit."""

    TRUE = "true"
    ABOVE = "above"
    BELOW = "below"
    OFF = "off by more than"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of the table.

    Attributes
    ----------
    figure : str
        Attribute of the figures that is judged.
    scope : Scope
    when : When
    breach : Breach
    limit : float or str
        A number, or the attribute of the fit's figures that holds it; 0 for a flag.
    ideal : float
        The value that a perfect fit has; `Breach.OFF` measures from here.
    mcse : str
        Attribute that holds the figure's Monte Carlo standard error, or empty. Two of them must
        lie between the figure and its limit; else the figure is in doubt.
    verdict : Verdict
        If the limit is broken.
    doubt : Verdict or None
        If the figure is unknown or in doubt; None: the rule then says nothing.
    meaning : str
        What a broken limit means, as the end of a sentence.
    source : str
        Paper, or the arithmetic that the limit comes from.
    """

    figure: str
    scope: Scope
    when: When
    breach: Breach
    verdict: Verdict
    meaning: str
    source: str
    limit: float | str = 0.0
    ideal: float = 0.0
    mcse: str = ""
    doubt: Verdict | None = None

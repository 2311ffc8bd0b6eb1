"""The rules of the verdict, inside the report, because a report has no other page beside it."""

import math

from harness.messages.numerals import numeral, short
from harness.report.grid import Cell, Grid, Head, Row, make_grid
from harness.verdict.rule import Breach, Rule
from harness.verdict.rules import R_HAT_LIMIT, RULES
from harness.verdict.wording import title_of

#: The heading of the rules, and the name that links to it have in Markdown as in HTML.
RULES_TITLE = "How verdicts are reached"
RULES_ANCHOR = "how-verdicts-are-reached"

#: What stands above the table of rules.
RULES_TEXT = (
    "Every rule that applies is evaluated, and the worst verdict counts, in the order **trust**, "
    "**marginals**, **means only**, **unknown**, **do not trust**. A value with a Monte Carlo "
    "standard error exceeds its limit if it is at least two standard errors beyond it, and "
    "respects it if it is at least two standard errors within it. Between the two, or if the value "
    "is not known, the column **in doubt** gives the verdict; a dash means that the rule is "
    "skipped. For the verdict on a fit the errors of all parameters are one family of tests, so "
    "that no fit fails by chance because it has many. Without a "
    "reference, chains are judged by their own diagnostics, which cannot detect a mode that no "
    "chain visits."
)


_HEAD = (
    Head("criterion", "criterion"),
    Head("title", "which is", is_text=True),
    Head("broken", "broken if", is_text=True),
    Head("scope", "judges", is_text=True),
    Head("when", "applies", is_text=True),
    Head("verdict", "verdict", is_text=True),
    Head("doubt", "in doubt", is_text=True),
    Head("source", "source", is_text=True),
)

_OF_K_HAT = "min(1 - 1/log10 S, 0.7) for S draws"
#: Limits that a fit brings with it.
_LIMITS_OF_FITS = {
    "r_hat_limit": f"{R_HAT_LIMIT:g}, or what chance makes of the largest of thousands",
    "k_hat_threshold": _OF_K_HAT,
    "k_hat_limit": _OF_K_HAT,
}
#: Criteria that are logarithms of ratios, and the power of the ratio that is one of sds.
_LOGARITHMS = {"log_sd_ratio": 1.0, "log_eigenvalue_low": 0.5, "log_eigenvalue_high": 0.5}


def rules_table() -> Grid:
    """Return the rules of the verdict, a row each.

    Returns
    -------
    Grid
        In the order in which they are tried.
    """
    rows: list[Row] = [
        [
            rule.criterion,
            title_of(rule.criterion),
            _broken(rule),
            {"both": "parameters, fit"}.get(rule.scope, str(rule.scope)),
            str(rule.when),
            Cell(text=str(rule.verdict), verdict=str(rule.verdict)),
            Cell(text=str(rule.doubt or "-"), verdict=str(rule.doubt or "")),
            rule.source,
        ]
        for rule in RULES
    ]
    return make_grid(_HEAD, rows, is_sortable=False)


def _broken(rule: Rule) -> str:
    """Say when a rule is broken."""
    if rule.breach is Breach.TRUE:
        return "true"
    if isinstance(rule.limit, str):
        return f"{rule.breach} {_LIMITS_OF_FITS[rule.limit]}"
    origin = f" from {short(rule.ideal)}" if rule.breach is Breach.OFF and rule.ideal else ""
    per_sd = _LOGARITHMS.get(rule.criterion)
    if per_sd is not None:
        origin += f" (a factor of {numeral(math.exp(rule.limit * per_sd), 3)} in the sd)"
    return f"{rule.breach} {short(rule.limit)}{origin}"

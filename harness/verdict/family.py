"""Many parameters of one fit, and several rules: what their errors say together.

Of thousands of parameters some are near a limit by chance alone, though every one of them is
exact. So the verdict on a fit takes all that its rules find, of the fit and of its parameters, as
one family of tests: exact draws are taken for others with one small probability for all of them.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from harness.verdict.outcome import Verdict
from harness.verdict.rule import CHANCE_OF_MARGIN, Finding

#: The chance that any of the tests of a family errs is that of a single one.
_LEVEL = CHANCE_OF_MARGIN
#: Estimates of equal errors differ by less than this factor.
_NOISE = 1.5


def as_family(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[Finding]]:
    """Take all findings on a fit together.

    A value in doubt counts as one if it differs from its ideal significantly among all tests of
    all rules, or if its error is so large that even exact draws would often be in doubt. A value
    past its limit counts as such if that is significant among the tests of its own rule, and is in
    doubt otherwise.

    Parameters
    ----------
    findings : mapping of str to sequence of Finding
        By parameter, those on the fit itself under a name of their own.

    Returns
    -------
    dict of str to list of Finding
        Those that count for the fit.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6.
    """
    tests = [each for each in itertools.chain.from_iterable(findings.values()) if each.mcse]
    differs = _significant(tests, [each.p_value for each in tests], _LEVEL)
    by_rule: dict[str, list[Finding]] = {}
    for each in tests:
        by_rule.setdefault(each.rule.criterion, []).append(each)
    is_past: set[int] = set()
    can_tell: set[int] = set()
    for own in by_rule.values():
        can_tell |= _able(own)
        is_past |= _significant(own, norm.sf([each.excess for each in own]), _LEVEL)
    return {
        name: [
            counted
            for each in said
            if (counted := _counted(each, differs, is_past, can_tell)) is not None
        ]
        for name, said in findings.items()
    }


def _counted(
    finding: Finding, differs: set[int], is_past: set[int], can_tell: set[int]
) -> Finding | None:
    """Return how a finding counts among its family."""
    if not finding.mcse or finding.verdict is Verdict.TRUST:
        return finding
    if not finding.is_in_doubt:
        return finding if id(finding) in is_past else finding.doubted()
    if id(finding) in differs or id(finding) not in can_tell:
        return finding
    return finding.kept()


def _able(tests: Sequence[Finding]) -> set[int]:
    """Return the tests whose errors are small enough to tell, by identity.

    Errors are estimates themselves: one that is not far above those of most parameters is taken
    for theirs.
    """
    errors = np.array([each.mcse for each in tests], dtype=np.float64)
    typical = float(np.median(errors))
    taken = np.where(errors <= _NOISE * typical, np.minimum(errors, typical), errors)
    return {
        id(each) for each, error in zip(tests, taken, strict=True) if each.can_tell(float(error))
    }


def _significant(tests: Sequence[Finding], p_values: npt.ArrayLike, level: float) -> set[int]:
    """Return the tests that Holm's procedure rejects, by identity."""
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given)
    left = len(tests) - np.arange(len(tests))
    kept = np.flatnonzero(given[order] * left > level)
    n_rejected = int(kept[0]) if kept.size else len(tests)
    return {id(tests[i]) for i in order[:n_rejected]}

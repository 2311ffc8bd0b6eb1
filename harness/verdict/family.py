"""Many parameters of one fit: what their errors say together.

Of thousands of parameters some are near a limit by chance alone, though every one of them is
exact. So the verdict on a fit takes the findings of a rule on all of them as one family of tests.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from harness.verdict.outcome import Verdict
from harness.verdict.rule import MCSE_MARGIN, Finding

#: The chance that any of the tests of a family errs, which a single one has at two standard errors.
_LEVEL = float(norm.sf(MCSE_MARGIN))
#: Estimates of equal errors differ by less than this factor.
_NOISE = 1.5


def as_family(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[Finding]]:
    """Take the findings of all parameters of a fit together.

    A value past its limit counts as such if that is significant among the tests of its rule, and
    is in doubt otherwise. A value in doubt counts as one if it differs from its ideal
    significantly, or if its error is so large that even exact draws would often be in doubt.

    Parameters
    ----------
    findings : mapping of str to sequence of Finding
        By parameter.

    Returns
    -------
    dict of str to list of Finding
        Those that count for the fit; of a single parameter the same.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6.
    """
    by_rule: dict[str, list[Finding]] = {}
    for each in itertools.chain.from_iterable(findings.values()):
        if each.mcse:
            by_rule.setdefault(each.rule.criterion, []).append(each)
    differs: set[int] = set()
    is_past: set[int] = set()
    can_tell: set[int] = set()
    for tests in by_rule.values():
        can_tell |= _able(tests)
        deviations, excesses = np.array([(each.deviation, each.excess) for each in tests]).T
        differs |= _significant(tests, 2 * norm.sf(deviations), 2 * _LEVEL)
        is_past |= _significant(tests, norm.sf(excesses), _LEVEL)
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


def _significant(
    tests: Sequence[Finding], p_values: npt.NDArray[np.float64], level: float
) -> set[int]:
    """Return the tests that Holm's procedure rejects, by identity."""
    order = np.argsort(p_values)
    left = len(tests) - np.arange(len(tests))
    kept = np.flatnonzero(p_values[order] * left > level)
    n_rejected = int(kept[0]) if kept.size else len(tests)
    return {id(tests[i]) for i in order[:n_rejected]}

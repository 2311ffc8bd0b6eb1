"""A verdict's sentence, shortened to what fits into a table's cell."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from harness.table import NOT_APPLICABLE
from harness.verdict.judge import SEVERITY
from harness.verdict.rules import RULES

_NAMES = sorted({rule.figure for rule in RULES}, key=len, reverse=True)
_FIGURE = re.compile(rf"\b({'|'.join(_NAMES)})(?= = | is not known|: )")
_KEPT = "every figure is within its limit, "
_REFERENCE = re.compile(r" (\(the reference: .+\))$")


def deciding_figure(reason: str) -> str:
    """Return the name of the figure that a verdict's sentence rests on, empty if it names none."""
    found = _FIGURE.search(reason)
    return found.group(1) if found else ""


def shorten(reason: str) -> str:
    """Shorten a verdict's sentence.

    Parameters
    ----------
    reason : str
        A ``verdict_reason``.

    Returns
    -------
    str
        The figure with its value and limit, without what that means; of a flag what it means.
        A sentence of another form is left as it is.
    """
    problems = _REFERENCE.search(reason)
    body = reason[: problems.start()] if problems else reason
    found = _FIGURE.search(body)
    if not found:
        return reason
    where = body[: found.start()].replace(_KEPT, "")
    clause = body[found.start() :].partition(";")[0]
    flag, _, meaning = clause.partition(": ")
    text = meaning if flag == found.group(1) else flag.removesuffix(" the nearest to it")
    start = "all within limits, nearest: " if _KEPT in body else ""
    return start + where + text + (f" {problems.group(1)}" if problems else "")


def tally(verdicts: Sequence[str]) -> str:
    """Count verdicts, the worst first: so many times each.

    Parameters
    ----------
    verdicts : sequence of str
        Of replicates.

    Returns
    -------
    str
        The verdict itself of a single run; ``n/a`` for none.
    """
    if not verdicts:
        return NOT_APPLICABLE
    if len(verdicts) == 1:
        return verdicts[0]
    counts = Counter(verdicts)
    ordered = sorted(counts, key=severity, reverse=True)
    return ", ".join(f"{counts[verdict]} × {verdict}" for verdict in ordered)


def severity(verdict: str) -> int:
    """Return how bad a verdict is, from 0; one that this version does not know is the worst."""
    names = [str(item) for item in SEVERITY]
    return names.index(verdict) if verdict in names else len(names)


def worst_verdict(rows: pd.DataFrame) -> str:
    """Return the worst verdict of some rows, empty if none has one."""
    return max((str(item) for item in rows["verdict"].dropna()), key=severity, default="")


def worst_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the worst row of each replicate, of equals the one with the largest R-hat."""
    ranked = rows.assign(
        severity=[severity(str(verdict)) for verdict in rows["verdict"]],
        distance=rows["r_hat"].fillna(0.0),
        verdict_reason=rows["parameter"] + ": " + rows["verdict_reason"],
    )
    ranked = ranked.sort_values(["severity", "distance"], ascending=False, kind="stable")
    return ranked.drop_duplicates("replicate").sort_values("replicate")


def what_decided(rows: pd.DataFrame) -> str:
    """Say in short what the worst verdict of some rows rests on.

    Parameters
    ----------
    rows : DataFrame
        With ``verdict``, ``verdict_reason`` and ``replicate``, a row per replicate.

    Returns
    -------
    str
        The sentence of the first row whose deciding figure is the commonest; of several rows
        with the replicate's number and the other rows' figures.
    """
    reasons = rows[rows["verdict"] == worst_verdict(rows)].dropna(subset="verdict_reason")
    if reasons.empty:
        return NOT_APPLICABLE
    figures = [deciding_figure(str(reason)) for reason in reasons["verdict_reason"]]
    commonest = max(dict.fromkeys(figures), key=figures.count)
    first = reasons.iloc[figures.index(commonest)]
    text = shorten(str(first["verdict_reason"]))
    if len(rows) == 1:
        return text
    others = [name for name in dict.fromkeys(figures) if name != commonest]
    return f"#{first['replicate']}: {text}" + (f"; others {', '.join(others)}" if others else "")

"""Verdicts of replicates together, and what the worst of them rests on."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from harness.report.grid import Cell
from harness.results.columns import NOT_APPLICABLE
from harness.verdict.outcome import SEVERITY, Verdict
from harness.verdict.rule import past
from harness.verdict.rules import RULES
from harness.verdict.wording import IN_DOUBT, statement, title_of


def tally(verdicts: Sequence[str]) -> Cell:
    """Count verdicts, the worst first: so many times each.

    Parameters
    ----------
    verdicts : sequence of str
        Of replicates.

    Returns
    -------
    Cell
        The verdict itself of a single run; ``n/a`` for none.
    """
    if not verdicts:
        return Cell(text=NOT_APPLICABLE)
    counts = Counter(verdicts)
    ordered = sorted(counts, key=severity, reverse=True)
    if len(verdicts) == 1:
        return Cell(text=ordered[0], verdict=ordered[0])
    text = ", ".join(f"{counts[verdict]} × {verdict}" for verdict in ordered)
    return Cell(text=text, verdict=ordered[0])


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
        decided_parameter=rows["parameter"],
    )
    ranked = ranked.sort_values(["severity", "distance"], ascending=False, kind="stable")
    return ranked.drop_duplicates("replicate").sort_values("replicate")


def decided(row: Mapping[Hashable, Any]) -> str:
    """Say in short what a verdict rests on.

    Parameters
    ----------
    row : Mapping
        Of ``fits.csv``, or of ``comparison.csv`` with the parameter as ``decided_parameter``.

    Returns
    -------
    str
        What the criterion's value and limit are, without what follows; the whole sentence where
        this version does not know the criterion.
    """
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    criterion = str(known["decided_by"])
    told = statement(
        criterion,
        verdict=str(known["verdict"]),
        value=known["decided_value"],
        limit=known["decided_limit"],
    )
    told += _doubt(criterion, str(known["verdict"]), known["decided_value"], known["decided_limit"])
    if not told:
        return str(known["verdict_reason"] or NOT_APPLICABLE)
    beside = {"failed": "reason", "reference_failed": "reference_problems"}.get(criterion)
    if beside and known.get(beside):
        told += f": {known[beside]}"
    parameter = known.get("decided_parameter")
    return f"{parameter}: {told}" if parameter else told


def _doubt(criterion: str, verdict: str, value: float | None, limit: float | None) -> str:
    """Say that a value is too close to its limit, where the verdict alone would be a riddle."""
    if value is None or limit is None or verdict == Verdict.TRUST:
        return ""
    for rule in RULES:
        if rule.criterion == criterion and rule.doubt is not None:
            is_within = past(value, limit=limit, rule=rule) <= 0
            if is_within or verdict == rule.doubt != rule.verdict:
                return IN_DOUBT
    return ""


def what_decided(rows: pd.DataFrame) -> str:
    """Say in short what the worst verdict of some rows rests on.

    Parameters
    ----------
    rows : DataFrame
        As :func:`decided` takes them, a row per replicate.

    Returns
    -------
    str
        Of the criterion that is the most common among the worst rows, its first row; of several
        rows with the replicate's number and what decided over the others.
    """
    worst = rows[rows["verdict"] == worst_verdict(rows)]
    if worst.empty:
        return NOT_APPLICABLE
    criteria = [str(name) for name in worst["decided_by"].fillna("")]
    commonest = max(dict.fromkeys(criteria), key=criteria.count)
    first = worst.iloc[criteria.index(commonest)].to_dict()
    text = decided(first)
    if len(rows) == 1:
        return text
    others = [title_of(name) for name in dict.fromkeys(criteria) if name not in {commonest, ""}]
    return f"#{first['replicate']}: {text}" + (f"; others: {', '.join(others)}" if others else "")

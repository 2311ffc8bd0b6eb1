"""The counts as a page."""

from collections.abc import Iterable, Sequence

import numpy as np
from tabulate import tabulate

from tools.verdicts.counting import Count
from tools.verdicts.known import REPORTED, SET
from tools.verdicts.posteriors import makers

_GOOD = ("trust", "marginals")
_INTRODUCTION = """\
# How often verdicts are wrong, counted

`python -m tools.verdicts` and `python -m tools.verdicts.study` make this page and `counts.csv`.
The posteriors have moments that are known by closed forms or quadrature (`posteriors.py` and
`models.py` in `tools/verdicts`). *Right* means that every mean is within 0.3 sd and every sd within
a factor of 1.25 on the unconstrained scale. The limits are those of a prototype on other
posteriors. One half of the posteriors here (*set*) was open to changes of limits; the other half is
reported apart. One limit comes from that half: a tenth of weighted draws has to count because of
`groups 8, noise 10, not`.

- `harness fit`: what it hands out, NUTS included where it falls back on NUTS; cost with all that
  failed
- `cascade`: the best draws that `harness fit` has before NUTS
- `... with NUTS`: an approximation, judged by `studies/verdicts.toml` against a NUTS reference, or
  against evidence where the reference fails its checks
- `... with evidence`: the same study with `reference = "none"`, against the draws that evidence
  lets be trusted
- `weighted`, `moved`: the evidence on an approximation that is made wrong, with a mean two sds off,
  sds 0.7 times as large and no correlations: its draws are weighted and adapted, then moved

*False trust* is a verdict of trust or marginals on wrong draws; *excused* are those where NUTS at
its defaults is wrong too (modes that no start reaches, and infinite variances). *Power* is the
part of the right draws that are trusted. *Cost* is in gradients of NUTS at its defaults.
"""


def page(rows: Sequence[Count]) -> str:
    """Return the page in Markdown."""
    nuts = {row.posterior: row for row in rows if row.draws == "NUTS"}
    kinds = list(dict.fromkeys(row.draws for row in rows if row.draws not in {"NUTS", "raw"}))
    seeds = len({row.seed for row in rows if row.draws == "cascade"})
    parts = [
        _INTRODUCTION,
        f"Counted: {len(nuts)} of {len(makers())} posteriors, {seeds} seeds each"
        f"{_compared(rows)}.\n",
        _ends(rows, nuts),
    ]
    for half in (REPORTED, SET):
        own = [row for row in rows if row.half == half]
        names = list(dict.fromkeys(row.posterior for row in own))
        parts.append(f"## The half that is {'reported' if half == REPORTED else 'set apart'}\n")
        parts.append(", ".join(f"`{name}`" for name in names) + ".\n")
        table = [_line(kind, [row for row in own if row.draws == kind], nuts) for kind in kinds]
        parts.append(tabulate(table, headers="keys", tablefmt="github") + "\n")
    parts.append("## By dimension (both halves)\n")
    table = []
    for low, high in ((1, 5), (6, 20), (21, 60), (61, 300)):
        for kind in ("cascade", "weighted", "moved"):
            some = [row for row in rows if low <= row.d <= high and row.draws == kind]
            if some:
                table.append({"d": f"{low} to {high}", **_line(kind, some, nuts)})
    parts.append(tabulate(table, headers="keys", tablefmt="github") + "\n")
    parts.append("## By posterior (`harness fit`)\n")
    parts.append(tabulate(_by_posterior(rows, nuts), headers="keys", tablefmt="github") + "\n")
    return "\n".join(parts)


def _compared(rows: Sequence[Count]) -> str:
    """Say how many approximations were judged."""
    compared = [row for row in rows if " with " in row.draws]
    if not compared:
        return ""
    posteriors, seeds = ({getattr(row, name) for row in compared} for name in ("posterior", "seed"))
    return f"; approximations of {len(posteriors)} of them, {len(seeds)} seeds each"


def _ends(rows: Sequence[Count], nuts: dict[str, Count]) -> str:
    """Say how `harness fit` ends."""
    fits = [row for row in rows if row.draws == "harness fit"]
    if not fits:
        return ""
    without = sum(row.ended in {"weighted", "moved"} and is_good(row) for row in fits)
    weighted = sum(row.ended == "weighted" and is_good(row) for row in fits)
    false = [row for row in fits if is_good(row) and not row.is_right]
    where_right = sum(nuts[row.posterior].is_right for row in false)
    cost = _median(row.gradients / row.nuts_gradients for row in fits)
    return (
        f"`harness fit` ends without NUTS in {without} of {len(fits)} runs "
        f"({100 * without / len(fits):.0f}%), {weighted} of them with weighted draws. Its median "
        f"cost is {cost} of the gradients of NUTS at its defaults, fallbacks included. "
        f"{len(false)} of its trusted draws are wrong, {where_right} of them where NUTS at its "
        "defaults is right.\n"
    )


def is_good(row: Count) -> bool:
    """Whether the verdict is one of trust."""
    return row.verdict in _GOOD


def _line(kind: str, rows: Sequence[Count], nuts: dict[str, Count]) -> dict[str, object]:
    """Count some verdicts."""
    good = [row for row in rows if is_good(row)]
    false = [row for row in good if not row.is_right]
    right = [row for row in rows if row.is_right]
    return {
        "draws": kind,
        "n": len(rows),
        "trusted": len(good),
        "false trust": sum(nuts[row.posterior].is_right for row in false),
        "excused": sum(not nuts[row.posterior].is_right for row in false),
        "right": len(right),
        "power": _share(sum(map(is_good, right)), len(right)),
        "median cost": _median(row.gradients / row.nuts_gradients for row in rows),
    }


def _by_posterior(rows: Sequence[Count], nuts: dict[str, Count]) -> list[dict[str, object]]:
    table = []
    for name, reference in nuts.items():
        own = [row for row in rows if row.posterior == name and row.draws == "harness fit"]
        good = [row for row in own if is_good(row)]
        ended = [row.ended for row in own]
        table.append(
            {
                "posterior": name,
                "half": reference.half,
                "d": reference.d,
                "weighted": ended.count("weighted"),
                "moved": ended.count("moved"),
                "NUTS": ended.count("NUTS"),
                "trusted": len(good),
                "of them wrong": sum(not row.is_right for row in good),
                "NUTS at its defaults": f"{reference.verdict}, "
                + ("right" if reference.is_right else "wrong"),
                "median cost": _median(row.gradients / row.nuts_gradients for row in own),
            }
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "n/a"


def _median(values: Iterable[float]) -> str:
    known = list(values)
    return f"{np.median(known):.3f}" if known else "n/a"

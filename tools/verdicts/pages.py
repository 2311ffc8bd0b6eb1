"""The counts as a page."""

from collections.abc import Iterable, Sequence

import numpy as np
from tabulate import tabulate

from tools.verdicts.counting import Count
from tools.verdicts.known import REPORTED, SET
from tools.verdicts.posteriors import makers

_GOOD = ("trust", "marginals")
_INTRODUCTION = """\
# How often evidence without a reference is wrong

`python -m tools.verdicts` makes this page and `counts.csv`. It runs what `harness fit` tries
before NUTS on posteriors whose moments are known by closed forms or quadrature. *Right* means
that every mean is within 0.3 sd and every sd within a factor of 1.25 on the unconstrained scale.
The limits are those of a prototype on other posteriors. One half of the posteriors here (*set*)
was open to changes of limits; the other half is reported apart.

- `cascade`: what `harness fit` would answer before it falls back on NUTS
- `weighted`, `moved`: the same evidence on an approximation that is made wrong, with a mean two
  sds off, sds 0.7 times as large and no correlations: its draws are weighted and adapted, then
  moved

*False trust* is a verdict of trust or marginals on wrong draws; *excused* are those where NUTS at
its defaults is wrong too (modes that no start reaches, and infinite variances). *Power* is the
part of the right draws that are trusted. *Cost* is in gradients of NUTS at its defaults.
"""


def page(rows: Sequence[Count]) -> str:
    """Return the page in Markdown."""
    nuts = {row.posterior: row for row in rows if row.draws == "NUTS"}
    n_all = len(makers())
    parts = [_INTRODUCTION, f"Counted so far: {len(nuts)} of {n_all} posteriors.\n"]
    for half in (REPORTED, SET):
        own = [row for row in rows if row.half == half]
        names = list(dict.fromkeys(row.posterior for row in own))
        parts.append(f"## The half that is {'reported' if half == REPORTED else 'set apart'}\n")
        parts.append(", ".join(f"`{name}`" for name in names) + ".\n")
        kinds = ("cascade", "weighted", "moved")
        table = [_line(kind, [row for row in own if row.draws == kind], nuts) for kind in kinds]
        parts.append(tabulate(table, headers="keys", tablefmt="github") + "\n")
    parts.append("## By dimension (cascade and wrong starts, both halves)\n")
    table = []
    for low, high in ((1, 5), (6, 20), (21, 60), (61, 300)):
        for kind in ("cascade", "weighted", "moved"):
            some = [row for row in rows if low <= row.d <= high and row.draws == kind]
            table.append({"d": f"{low} to {high}", **_line(kind, some, nuts)})
    parts.append(tabulate(table, headers="keys", tablefmt="github") + "\n")
    parts.append("## By posterior (cascade)\n")
    parts.append(tabulate(_by_posterior(rows, nuts), headers="keys", tablefmt="github") + "\n")
    return "\n".join(parts)


def _is_good(row: Count) -> bool:
    return row.verdict in _GOOD


def _line(kind: str, rows: Sequence[Count], nuts: dict[str, Count]) -> dict[str, object]:
    """Count some verdicts."""
    good = [row for row in rows if _is_good(row)]
    false = [row for row in good if not row.is_right]
    right = [row for row in rows if row.is_right]
    return {
        "draws": kind,
        "n": len(rows),
        "trusted": len(good),
        "false trust": sum(nuts[row.posterior].is_right for row in false),
        "excused": sum(not nuts[row.posterior].is_right for row in false),
        "right": len(right),
        "power": _share(sum(map(_is_good, right)), len(right)),
        "median cost": _median(row.gradients / row.nuts_gradients for row in rows),
    }


def _by_posterior(rows: Sequence[Count], nuts: dict[str, Count]) -> list[dict[str, object]]:
    table = []
    for name, reference in nuts.items():
        own = [row for row in rows if row.posterior == name and row.draws == "cascade"]
        good = [row for row in own if _is_good(row)]
        table.append(
            {
                "posterior": name,
                "half": reference.half,
                "d": reference.d,
                "seeds": len(own),
                "trusted": len(good),
                "of them wrong": sum(not row.is_right for row in good),
                "NUTS": f"{reference.verdict}, {'right' if reference.is_right else 'wrong'}",
                "median cost": _median(row.gradients / row.nuts_gradients for row in own),
            }
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "n/a"


def _median(values: Iterable[float]) -> str:
    known = list(values)
    return f"{np.median(known):.3f}" if known else "n/a"

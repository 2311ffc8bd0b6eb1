"""Verdicts on draws of known worth, as a comparison gives them, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import arviz_base
import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import quantities
from harness.methods.evaluation import MAX_POINTS
from harness.program.program import Program
from harness.summary.against import Against
from harness.summary.measure import measure
from harness.summary.measured import judge_measurement
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws
from harness.verdict.criteria import Reference, Verdict
from harness.verdict.outcome import SEVERITY
from tools.exact_draws.posterior import (
    Draws,
    Floats,
    draw,
    further_log_weights,
    gradients,
    log_weights,
    with_fault,
)

#: Chains and draws of the reference, and draws of the approximation: the defaults of a comparison.
REFERENCE_SHAPE = (4, 1000)
N_DRAWS = 1000
#: Draws whose weights give k-hat, as where the density is cheap.
N_SCORES = 10_000
_PROGRAM = Program(name="known", file=Path("known.stan"), parameters=("theta",))


@dataclass(frozen=True, kw_only=True)
class Count:
    """How often draws of one kind got each verdict.

    Attributes
    ----------
    d : int
        Parameters.
    kind : Draws
    verdicts : Counter
        By verdict.
    decided_by : Counter
        Criteria of all verdicts but *trust*.
    """

    d: int
    kind: Draws
    verdicts: Counter[Verdict]
    decided_by: Counter[str]

    def __add__(self, other: "Count") -> "Count":
        """Return the counts of more trials of the same kind."""
        return Count(
            d=self.d,
            kind=self.kind,
            verdicts=self.verdicts + other.verdicts,
            decided_by=self.decided_by + other.decided_by,
        )


def count(d: int, kind: Draws, *, repeats: Iterable[int], seed: int) -> Count:
    """Judge draws again and again.

    Parameters
    ----------
    d : int
        Parameters.
    kind : Draws
    repeats : iterable of int
        The trials, by their numbers.
    seed : int
        Decides all of them, with their numbers.

    Returns
    -------
    Count
    """
    number = list(Draws).index(kind)
    verdicts, decided_by = tally(judged(d, kind, seed=(seed, d, number, i)) for i in repeats)
    return Count(d=d, kind=kind, verdicts=verdicts, decided_by=decided_by)


def tally(found: Iterable[tuple[Verdict, str]]) -> tuple[Counter[Verdict], Counter[str]]:
    """Count verdicts, and the criteria that decided those that are not *trust*."""
    verdicts: Counter[Verdict] = Counter()
    decided_by: Counter[str] = Counter()
    for verdict, criterion in found:
        verdicts[verdict] += 1
        if verdict is not Verdict.TRUST:
            decided_by[criterion] += 1
    return verdicts, decided_by


def columns(
    verdicts: Counter[Verdict], decided_by: Counter[str], *, seed: int
) -> dict[str, object]:
    """Return counts as columns of a table."""
    told = ", ".join(f"{name} ({n})" for name, n in decided_by.most_common())
    return {
        "trials": verdicts.total(),
        **{str(verdict): verdicts[verdict] for verdict in SEVERITY},
        "decided by": told or "-",
        "seed": seed,
    }


def judged(d: int, kind: Draws, *, seed: tuple[int, ...]) -> tuple[Verdict, str]:
    """Return the verdict on one fit, and the criterion that decided."""
    rng = np.random.default_rng(seed)
    reference = draw(rng, REFERENCE_SHAPE, d)
    exact = draw(rng, (1, N_DRAWS), d)
    theta, unit = with_fault(exact, kind, rng)
    return verdict_on(_tree(theta, exact, unit, rng), theta, reference, seed=seed[-1])


def verdict_on(
    tree: xr.DataTree, theta: Floats, reference: Floats, *, seed: int
) -> tuple[Verdict, str]:
    """Judge a fit as a comparison does.

    Parameters
    ----------
    tree : DataTree
        The fit's draws.
    theta, reference : ndarray (chain, draw, d)
        The same draws, and those of the reference.
    seed : int
        Decides random directions and folds.

    Returns
    -------
    verdict : Verdict
    criterion : str
        What decided.
    """
    fit = Fit(status=Status.OK, draws=tree, draw_kind=DrawKind.INDEPENDENT)
    theirs = ReferenceDraws(
        title="known", quantities=quantities({"theta": reference}, _PROGRAM), problems=()
    )
    with threadpool_limits(limits=1):
        measurement = measure(
            fit,
            quantities({"theta": theta}, _PROGRAM),
            against=Against(lambda: theirs),
            seed=seed,
            parameters=("theta",),
        )
    target = Target(n_rows=None, state=Reference.VALID)
    judgement = judge_measurement(fit, measurement, target=target, spreads={}).judgement
    if judgement is None:
        raise AssertionError("a fit without verdict")
    return judgement.verdict, judgement.criterion


def _tree(
    theta: Floats, exact: Floats, unit: Floats | None, rng: np.random.Generator
) -> xr.DataTree:
    """Return a fit's draws, with their log densities and gradients where these are not all equal.

    Methods of this project have them for a Gaussian that they have found.
    """
    groups = {"posterior": {"theta": theta}}
    if unit is None:
        return arviz_base.from_dict(groups)
    log_p = log_weights(exact, theta)
    groups["sample_stats"] = {"log_p": log_p, "log_q": np.zeros_like(log_p)}
    tree = arviz_base.from_dict(groups)
    scores = {"log_p": further_log_weights(rng, N_SCORES), "log_q": np.zeros(N_SCORES)}
    tree["scores"] = xr.DataTree(xr.Dataset({name: ("score", of) for name, of in scores.items()}))
    chosen = np.arange(0, N_DRAWS, N_DRAWS // MAX_POINTS)
    position = theta[0, chosen]
    named = dict(zip(("gradient", "own_gradient"), gradients(position, unit), strict=True))
    dims = ("point", "unconstrained")
    points = {name: (dims, values) for name, values in {"position": position, **named}.items()}
    tree["points"] = xr.DataTree(xr.Dataset(points, coords={"draw": ("point", chosen)}))
    return tree

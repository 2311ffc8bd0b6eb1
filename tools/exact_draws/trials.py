"""Verdicts on draws of known worth, as a comparison gives them, counted."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import arviz_base
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import quantities
from harness.program.program import Program
from harness.summary.against import Against
from harness.summary.measure import measure
from harness.summary.measured import judge_measurement
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws
from harness.verdict.criteria import Reference, Verdict
from tools.exact_draws.posterior import Draws, draw, with_fault

#: Chains and draws of the reference, and draws of the approximation: the defaults of a comparison.
REFERENCE_SHAPE = (4, 1000)
N_DRAWS = 1000
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


def count(d: int, kind: Draws, *, repeats: int, seed: int) -> Count:
    """Judge draws again and again.

    Parameters
    ----------
    d : int
        Parameters.
    kind : Draws
    repeats : int
    seed : int
        Decides all of them.

    Returns
    -------
    Count
    """
    verdicts: Counter[Verdict] = Counter()
    decided_by: Counter[str] = Counter()
    for repeat in range(repeats):
        verdict, criterion = judged(d, kind, seed=(seed, d, list(Draws).index(kind), repeat))
        verdicts[verdict] += 1
        if verdict is not Verdict.TRUST:
            decided_by[criterion] += 1
    return Count(d=d, kind=kind, verdicts=verdicts, decided_by=decided_by)


def judged(d: int, kind: Draws, *, seed: tuple[int, ...]) -> tuple[Verdict, str]:
    """Return the verdict on one fit, and the criterion that decided."""
    rng = np.random.default_rng(seed)
    theirs = quantities({"theta": draw(rng, REFERENCE_SHAPE, d)}, _PROGRAM)
    theta = with_fault(draw(rng, (1, N_DRAWS), d), kind, rng)
    fit = Fit(
        status=Status.OK,
        draws=arviz_base.from_dict({"posterior": {"theta": theta}}),
        draw_kind=DrawKind.INDEPENDENT,
    )
    reference = ReferenceDraws(title="known", quantities=theirs, problems=())
    with threadpool_limits(limits=1):
        measurement = measure(
            fit,
            quantities({"theta": theta}, _PROGRAM),
            against=Against(lambda: reference),
            seed=seed[-1],
            parameters=("theta",),
        )
    target = Target(n_rows=None, state=Reference.VALID)
    judgement = judge_measurement(fit, measurement, target=target, spreads={}).judgement
    if judgement is None:
        raise AssertionError("a fit without verdict")
    return judgement.verdict, judgement.criterion

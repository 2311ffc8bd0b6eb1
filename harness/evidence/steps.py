"""What was tried for draws, and the draws that came of it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.weights import Weighted
from harness.methods.metered import Effort
from harness.verdict.criteria import Judgement, Verdict

#: Draws of equal weight that weighted ones become, at most.
MOST_DRAWS = 4000
#: Verdicts that end the search for draws.
GOOD_ENOUGH = frozenset({Verdict.TRUST, Verdict.MARGINALS})


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """Something that was tried.

    Attributes
    ----------
    title : str
    found : str
        The evidence, in words.
    judgement : Judgement
    effort : Effort
        Of this step.
    follows : str
        Why the next step was taken, or why none was.
    """

    title: str
    found: str
    judgement: Judgement
    effort: Effort
    follows: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """Draws and what may be done with them.

    Attributes
    ----------
    title : str
        What made them.
    points : ndarray, shape (chain, draw, d)
        On the unconstrained scale, all of the same weight.
    log_p : ndarray, shape (chain, draw)
        Log density of the posterior there, up to a constant, in nats.
    judgement : Judgement
    kind : str
        ``weighted`` or ``raw``, independent draws, or chains: ``moved`` of warm NUTS, ``NUTS``.
    """

    title: str
    points: FloatArray
    log_p: FloatArray
    judgement: Judgement
    kind: Literal["raw", "weighted", "moved", "NUTS"]

    @property
    def is_independent(self) -> bool:
        """Whether its draws are independent; those of chains are not."""
        return self.kind in ("raw", "weighted")

    @property
    def verdict(self) -> str:
        """The verdict, and of which draws, as ``trust (weighted)``."""
        return f"{self.judgement.verdict} ({self.kind})"

    @property
    def is_good(self) -> bool:
        """Whether nothing better is needed."""
        return self.judgement.verdict in GOOD_ENOUGH


@dataclass(frozen=True, kw_only=True, eq=False)
class WarmPoints:
    """Where a sampler may start.

    Attributes
    ----------
    points : ndarray, shape (n, d)
    metric : ndarray, shape (d,) or (d, d)
        Variances or covariance, of an inverse metric.
    """

    points: FloatArray
    metric: FloatArray


def after(judgement: Judgement, otherwise: str) -> str:
    """Say why the next step is taken, or that none is needed."""
    return "done: nothing dearer is needed" if judgement.verdict in GOOD_ENOUGH else otherwise


def weighted_answer(
    title: str, draws: Weighted, judgement: Judgement, rng: np.random.Generator
) -> Answer | None:
    """Return weighted draws as draws of equal weight; None if none has a density."""
    if not draws.is_usable:
        return None
    # as many as are effective: of more, many would be duplicates
    chosen = draws.resampled(max(1, min(MOST_DRAWS, int(draws.n_eff))), rng)
    return Answer(
        title=title,
        points=draws.points[chosen][None],
        log_p=draws.log_p[chosen][None],
        judgement=judgement,
        kind="weighted",
    )

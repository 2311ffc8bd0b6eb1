"""Draws of a Gaussian as they are, for when the time is up before anything better is there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.judge import judge_nothing
from harness.evidence.steps import Answer
from harness.methods.metered import Metered

#: Draws without weights.
N_RAW = 2000


@dataclass(frozen=True, kw_only=True, eq=False)
class Raw:
    """An approximation that nothing has weighed or moved.

    Attributes
    ----------
    title : str
        What made it.
    draw : callable
        Gives so many draws on the unconstrained scale, shape (n, d).
    """

    title: str
    draw: Callable[[int], FloatArray]

    def answer(self, target: Metered) -> Answer | None:
        """Return its draws, unjudged; None if none of them has a density."""
        points = self.draw(N_RAW)
        log_p = target.late_log_density(points)
        points, log_p = points[np.isfinite(log_p)], log_p[np.isfinite(log_p)]
        if not log_p.size:
            return None
        reason = "the time was up before its draws were weighed or moved"
        return Answer(
            title=self.title,
            points=points[None],
            log_p=log_p[None],
            judgement=judge_nothing(reason),
            kind="raw",
        )

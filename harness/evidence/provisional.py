"""Draws for a provisional reference, in the form of a fit's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.evidence.cascade import Cascade
from harness.evidence.steps import Answer, Step
from harness.methods import Problem
from harness.methods.generated import chain_posterior
from harness.methods.metered import Effort
from harness.program.log_density import Density

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Independent draws are divided into so many chains, so that the checks of chains apply.
_N_CHAINS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Provisional:
    """What evidence gives for a reference.

    Attributes
    ----------
    tree : DataTree or None
        The draws; None where they may not be trusted.
    verdict, reason : str
    steps : tuple of Step
    spent : Effort
    """

    tree: "xr.DataTree | None"
    verdict: str
    reason: str
    steps: tuple[Step, ...]
    spent: Effort


def gather(problem: Problem, density: Density, *, seed: int) -> Provisional:
    """Try what is cheaper than NUTS, and return draws that may be trusted.

    Parameters
    ----------
    problem : Problem
    density : Density
        Of the same program and data.
    seed : int

    Returns
    -------
    Provisional
    """
    cascade = Cascade(density, seed=seed)
    with np.errstate(all="ignore"):  # what is not finite is judged; a user is told no warning
        cascade.run()
    answer = cascade.answer
    judgement = cascade.steps[-1].judgement if answer is None else answer.judgement
    is_good = answer is not None and answer.is_good
    return Provisional(
        tree=_tree(problem, density, answer, seed=seed) if answer and is_good else None,
        verdict=answer.verdict if answer else str(judgement.verdict),
        reason=judgement.reason,
        steps=tuple(cascade.steps),
        spent=cascade.target.spent,
    )


def _tree(problem: Problem, density: Density, answer: Answer, *, seed: int) -> "xr.DataTree":
    """Return chains with the generated quantities that a study looks at."""
    points, log_p = answer.points, answer.log_p
    if answer.is_independent:
        n = points.shape[1] // _N_CHAINS
        points = points[0, : n * _N_CHAINS].reshape(_N_CHAINS, n, -1)
        log_p = log_p[0, : n * _N_CHAINS].reshape(_N_CHAINS, n)
    shape = points.shape[:2]
    posterior, _ = chain_posterior(problem, density, points, seed=seed)
    coords = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}
    stats = xr.Dataset({"lp": (("chain", "draw"), log_p)}, coords=coords)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})

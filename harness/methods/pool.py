"""A pool of chains finds a metric and a step size, and tells what NUTS at its defaults would cost.

Many chains make a few transitions each.  Nothing is assumed of the draws that they started from.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.methods.metered import Metered
from harness.methods.transitions import transitions

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: Chains of the rounds: two for each parameter, from and to; fewest for a diagonal metric, each of
#: whose elements takes the draws of its own parameter alone.
_POOL_PER_PARAMETER, _POOL = 2, (24, 64)
#: Transitions and largest tree depth of each round; the last of them adapts the step size alone.
_ROUNDS = ((5, 6), (5, 7), (2, 8))
#: Transitions of a round that are not looked at for a metric.
_UNSETTLED = 2
#: Part of the transitions that may diverge while the metric is not yet found.
_EARLY_DIVERGENT = 0.1
#: Acceptance statistic that step sizes aim at, as Stan's; how fast they do.
_ACCEPT, _RATE = 0.8, 1.2
#: Stan's shrinkage of a metric; points for each parameter that a dense one needs.
_PRIOR_DRAWS, POINTS_PER_PARAMETER = 5.0, 5
#: Transitions of NUTS at its defaults, four chains of twice 1,000; its longest trajectory; and by
#: what warm-up, whose steps are small at first, makes them dearer.
_N_DEFAULT, _LONGEST, _WARMUP = 8000, 1023, 1.2
#: Leapfrog steps of a transition of NUTS where it is cheapest.
FEWEST_LEAPFROG = 3.0
#: Steps of a Gaussian of which Stan's part is accepted, in units of the first step.
_ACCEPTED = 1.7


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """What a pool of chains has found.

    Attributes
    ----------
    points : ndarray, shape (chain, d)
        Where its chains are.
    factor : ndarray, shape (d,) or (d, d)
        Sds or the Cholesky factor of the inverse metric.
    step : float
        In units of the metric.
    n_leapfrog : float
        Leapfrog steps of a transition.
    n_default : float
        Those of one of NUTS at its defaults, whose metric is diagonal.
    """

    points: FloatArray
    factor: FloatArray
    step: float
    n_leapfrog: float
    n_default: float


def tune(
    target: Metered,
    points: FloatArray,
    factor: FloatArray,
    rng: np.random.Generator,
    *,
    step: float,
    cap: float,
    divergent_limit: float,
) -> Tuned | None:
    """Let all chains make some transitions, and learn metric and step size from their pool.

    Parameters
    ----------
    target : Metered
        Of densities that are programs' processes.
    points : ndarray, shape (chain, d)
    factor : ndarray, shape (d,) or (d, d)
        Of a first guess of the covariance.
    rng : Generator
    step : float
        A first guess, in units of the metric.
    cap : float
        The part of the gradients that NUTS at its defaults is expected to take, which all that
        `target` has counted may reach.
    divergent_limit : float
        The part of the transitions that may diverge.

    Returns
    -------
    Tuned or None
        None if that cost too much.

    Raises
    ------
    FitError
        If surely more transitions diverge, or a chain starts where there is no density.
    """
    longer = _longer(factor, points[:0])
    found = _Round(points=points, step=step)
    for number, (n, depth) in enumerate(_ROUNDS, start=1):
        found = _Round(points=found.points, step=found.step)
        for _ in range(n):
            found.go_on(target, factor, depth, seed=int(rng.integers(1, 2**30)))
            n_default = longer * typical_leapfrog(np.concatenate(found.counts, axis=1))
            if target.spent.in_gradients > cap * expected_gradients(n_default):
                return None
        is_last = number == len(_ROUNDS)
        found.check_divergences(
            divergent_limit if is_last else max(divergent_limit, _EARLY_DIVERGENT)
        )
        if not is_last:
            pool = np.concatenate(found.visited[_UNSETTLED:])
            factor, longer = _metric(factor, pool), _longer(factor, pool)
    n_leapfrog = typical_leapfrog(np.concatenate(found.counts, axis=1))
    return Tuned(
        points=found.points,
        factor=factor,
        step=found.step,
        n_leapfrog=n_leapfrog,
        n_default=longer * n_leapfrog,
    )


class _Round:
    """Transitions with one metric, while the step size adapts."""

    def __init__(self, *, points: FloatArray, step: float) -> None:
        self.points = points
        self.step = step
        self.visited: list[FloatArray] = []
        self.counts: list[FloatArray] = []
        self._diverged: list[np.typing.NDArray[np.bool_]] = []

    def go_on(self, target: Metered, factor: FloatArray, depth: int, *, seed: int) -> None:
        """Make a transition of each chain."""
        moves = transitions(
            *(target, self.points),
            factor=factor,
            step=self.step,
            n=1,
            seed=seed,
            max_depth=depth,
        )
        self.points = moves.points[:, -1]
        self.visited.append(self.points)
        self.counts.append(moves.n_leapfrog)
        self._diverged.append(moves.diverged)
        self.step *= float(np.exp(_RATE * (moves.accept.mean() - _ACCEPT)))

    def check_divergences(self, limit: float) -> None:
        """Refuse chains of which more than this part diverge, by two standard errors."""
        diverged = np.concatenate(self._diverged)
        count = float(diverged.sum())
        if count - 2 * count**0.5 > limit * diverged.size:
            raise FitError(
                f"{100 * count / diverged.size:.2g}% of the transitions diverged while chains "
                "looked for a metric; reparametrise the program, for example with non-centred "
                "parameters"
            )


def first_step(d: int) -> float:
    """Return a step, in units of the metric, from which to adapt that of so many parameters."""
    return float(d**-0.25)


def least_leapfrog(d: int, stretch: float = 1.0) -> float:
    """Return about how many leapfrog steps a transition of so many parameters takes.

    Parameters
    ----------
    d : int
        Steps get shorter as its fourth root (Beskos et al. 2013, Bernoulli 19).
    stretch : float
        By how much the widest direction is wider than the narrowest, in units of the metric.

    Returns
    -------
    float
        Half a period of a Gaussian, in steps of which 80% are accepted.
    """
    return max(FEWEST_LEAPFROG, stretch * np.pi / (_ACCEPTED * first_step(d)))


def pool_size(d: int, *, is_dense: bool = True) -> int:
    """Return how many chains find the metric of so many parameters."""
    if not is_dense:
        return _POOL[0]
    return int(np.clip(_POOL_PER_PARAMETER * d // 2 * 2, *_POOL))


def expected_gradients(n_leapfrog: float) -> float:
    """Return how many gradients NUTS at its defaults would take.

    Parameters
    ----------
    n_leapfrog : float
        Mean number of one of its transitions.

    Returns
    -------
    float
    """
    return _WARMUP * _N_DEFAULT * (1 + min(n_leapfrog, _LONGEST))


def typical_leapfrog(counts: FloatArray) -> float:
    """Return the mean number of leapfrog steps, without the length of stuck chains' trajectories.

    Parameters
    ----------
    counts : ndarray
        Of some transitions of many chains.

    Returns
    -------
    float
        Trajectories count as one doubling above their median at most: few of chains that move are
        longer, and of stuck chains, as in the neck of a funnel, a few would decide the mean.
    """
    return float(np.minimum(counts, 2 * np.median(counts) + 1).mean())


def condition(points: FloatArray) -> float:
    """Return the root of the condition number of correlations, without what few points add to it.

    By so much the trajectories of a diagonal metric are longer than those of a dense one.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        More than five for each parameter. Their ranks are taken, so that the ends of heavy tails
        make no correlations, and of independent parameters it is about 1 (Marchenko and Pastur
        1967).

    Returns
    -------
    float
        At least 1.
    """
    n, d = points.shape
    if d == 1:
        return 1.0
    ranks = scipy.stats.rankdata(points, axis=0)
    found = np.sqrt(np.linalg.cond(np.corrcoef(ranks, rowvar=False)))
    by_chance = (1 + np.sqrt(d / n)) / (1 - np.sqrt(d / n))
    return float(max(found / by_chance, 1.0))


def _longer(factor: FloatArray, points: FloatArray) -> float:
    """Return by how much trajectories of the diagonal metric of NUTS are longer."""
    if factor.ndim == 1:
        return 1.0
    n, d = points.shape
    if n >= POINTS_PER_PARAMETER * d:
        return condition(points)
    return float(np.linalg.cond(factor / np.sqrt(np.sum(factor**2, axis=1))[:, None]))


def _metric(factor: FloatArray, points: FloatArray) -> FloatArray:
    """Return a metric by the covariance that points have in the coordinates of an earlier one."""
    off = points - points.mean(axis=0)
    n, d = points.shape
    share = n / (n + _PRIOR_DRAWS)
    if factor.ndim == 1:
        return _rescaled(factor, off / factor, share)
    inside = scipy.linalg.solve_triangular(factor, off.T, lower=True).T
    if n < POINTS_PER_PARAMETER * d:
        return _rescaled(factor, inside, share)
    covariance = share * np.cov(inside, rowvar=False).reshape(d, d) + (1 - share) * np.eye(d)
    updated: FloatArray = factor @ np.linalg.cholesky(covariance)
    return updated


def _rescaled(factor: FloatArray, inside: FloatArray, share: float) -> FloatArray:
    """Return a metric whose coordinates have their sds right."""
    rescaled: FloatArray = factor * np.sqrt(share * inside.var(axis=0) + 1 - share)
    return rescaled

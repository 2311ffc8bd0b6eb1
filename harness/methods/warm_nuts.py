"""Warm NUTS, judged as NUTS: chains from resampled draws and from where optimisers ended.

Many chains make a few transitions each, so that their pool gives a metric and a step size; then a
few of them go on.  Nothing is assumed of the draws that they started from.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.metered import Metered
from harness.methods.transitions import ChainChecks, Moves, checked, joined, transitions
from harness.verdict.rules import ESS_LIMIT, R_HAT_LIMIT

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: Chains of the rounds: two for each parameter, from and to; fewest for a diagonal metric, each of
#: whose elements takes the draws of its own parameter alone.
_POOL_PER_PARAMETER, _POOL = 2, (24, 64)
#: Transitions and largest tree depth of each round; the last of them adapts the step size alone.
_ROUNDS = ((5, 6), (5, 7), (2, 8))
#: Chains that go on, as many as NUTS has, half of them from each half of the pool; their draws, and
#: how often as many they may become.
N_CHAINS, N_DRAWS, _MOST_TIMES = 4, 250, 4
#: The chains are looked at again after such a part of their first draws.
_AGAIN = 0.4
#: Transitions after which the cost is looked at, and how much deeper than those of the pool their
#: trees may be: a chain that is stuck would take the longest trajectories.
_N_BETWEEN, _DEEPER, _DEEPEST = 10, 4, 10
#: Further draws help chains of this R-hat.
_NEARLY_MIXED = 1.03
#: Acceptance statistic that step sizes aim at, as Stan's; how fast they do.
_ACCEPT, _RATE = 0.8, 1.2
#: Stan's shrinkage of a metric; points for each parameter that a dense one needs.
_PRIOR_DRAWS, POINTS_PER_PARAMETER = 5.0, 5
#: Transitions of NUTS at its defaults, four chains of twice 1,000; its longest trajectory; and by
#: what warm-up, whose steps are small at first, makes them dearer.
_N_DEFAULT, _LONGEST, _WARMUP = 8000, 1023, 1.2
#: Leapfrog steps of a transition of NUTS where it is cheapest.
FEWEST_LEAPFROG = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """The draws of warm NUTS, and its diagnostics.

    Attributes
    ----------
    moves : Moves
        Of the chains that went on.
    checks : ChainChecks
        Their diagnostics.
    factor : ndarray, shape (d,) or (d, d)
        Sds or the Cholesky factor of the metric that was found.
    step : float
        In units of the metric.
    """

    moves: Moves
    checks: ChainChecks
    factor: FloatArray
    step: float

    @property
    def metric(self) -> FloatArray:
        """The inverse metric: variances, shape (d,), or covariance, shape (d, d)."""
        if self.factor.ndim == 1:
            return self.factor**2
        covariance: FloatArray = self.factor @ self.factor.T
        return covariance


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tuned:
    """What the rounds have found."""

    points: FloatArray
    factor: FloatArray
    step: float
    n_leapfrog: float


def move(
    target: Metered,
    starts: FloatArray,
    *,
    factor: FloatArray,
    rng: np.random.Generator,
    cap: float = math.inf,
    divergent_limit: float = 1.0,
    n_draws: int = N_DRAWS,
) -> Moved | None:
    """Move draws by NUTS until its own diagnostics can judge them.

    Parameters
    ----------
    target : Metered
        Of densities that are programs' processes.
    starts : ndarray, shape (chain, d)
        The first half from draws, the second half dispersed.
    factor : ndarray, shape (d,) or (d, d)
        Of a first guess of the covariance.
    rng : Generator
    cap : float
        The part of the gradients that NUTS at its defaults is expected to take, which all that
        `target` has counted may reach before the chains first can be judged; chains that have
        nearly mixed then go on, since that costs less than NUTS.
    divergent_limit : float
        The part of the transitions that may diverge; chains that can no longer keep it are stopped.
    n_draws : int
        Of each chain, to begin with.

    Returns
    -------
    Moved or None
        None if that cost too much.
    """
    tuned = _tune(target, starts, factor, rng)
    limit = cap * expected_gradients(tuned.n_leapfrog, tuned.factor)
    expected = N_CHAINS * n_draws * (1 + tuned.n_leapfrog)
    if target.spent.in_gradients + expected > limit:
        return None
    half, few = len(starts) // 2, N_CHAINS // 2
    chosen = [*rng.choice(half, few, replace=False), *(half + rng.choice(half, few, replace=False))]
    points = tuned.points[np.array(chosen)]
    parts: list[Moves] = []
    n_made, n_judged = 0, n_draws
    for moves in _moves(target, points, tuned, rng, n_draws=n_draws):
        parts.append(moves)
        n_made += moves.points.shape[1]
        if n_made < n_draws and target.spent.in_gradients > 2 * limit:
            return None  # trajectories are much longer than those of the pool
        n_diverged = sum(int(part.diverged.sum()) for part in parts)
        if n_diverged > divergent_limit * _MOST_TIMES * N_CHAINS * n_draws:
            break
        if n_made < n_judged:
            continue
        n_judged = n_made + math.ceil(_AGAIN * n_draws)
        longer = _MOST_TIMES * n_draws / n_made
        if not _may_gain(checked(joined(parts)), longer=longer):
            break
    moves = joined(parts)
    return Moved(moves=moves, checks=checked(moves), factor=tuned.factor, step=tuned.step)


def _moves(
    target: Metered, points: FloatArray, tuned: _Tuned, rng: np.random.Generator, *, n_draws: int
) -> Iterator[Moves]:
    """Make the transitions of the chains that go on, some at a time."""
    depth = min(_DEEPEST, _DEEPER + math.ceil(math.log2(1 + tuned.n_leapfrog)))
    counts = [min(_N_BETWEEN, n_draws - begin) for begin in range(0, n_draws, _N_BETWEEN)]
    for count in _MOST_TIMES * counts:
        moves = transitions(
            *(target, points),
            factor=tuned.factor,
            step=tuned.step,
            n=count,
            seed=int(rng.integers(1, 2**30)),
            max_depth=depth,
        )
        yield moves
        points = moves.points[:, -1]


def _may_gain(checks: ChainChecks, *, longer: float) -> bool:
    """Whether so much longer chains may pass where these do not."""
    enough = min(checks.ess_bulk, checks.ess_tail) >= ESS_LIMIT
    passes = enough and max(checks.r_hat, checks.r_hat_log_p) <= R_HAT_LIMIT
    near = checks.r_hat <= _NEARLY_MIXED and longer * checks.ess_bulk >= ESS_LIMIT
    return near and not passes


def pool_size(d: int, *, is_dense: bool = True) -> int:
    """Return how many chains find the metric of so many parameters."""
    if not is_dense:
        return _POOL[0]
    return int(np.clip(_POOL_PER_PARAMETER * d // 2 * 2, *_POOL))


def expected_gradients(n_leapfrog: float, factor: FloatArray) -> float:
    """Return how many gradients NUTS at its defaults would take.

    Its metric is diagonal: its trajectories are longer by the root of the condition number of the
    correlations.

    Parameters
    ----------
    n_leapfrog : float
        Mean number of a transition with the metric.
    factor : ndarray, shape (d,) or (d, d)
        Of the metric.

    Returns
    -------
    float
    """
    longer = 1.0
    if factor.ndim > 1:
        correlations = factor / np.sqrt(np.sum(factor**2, axis=1))[:, None]
        longer = float(np.linalg.cond(correlations))
    return _WARMUP * _N_DEFAULT * (1 + min(n_leapfrog * longer, _LONGEST))


def _tune(
    target: Metered,
    points: FloatArray,
    factor: FloatArray,
    rng: np.random.Generator,
) -> _Tuned:
    """Let all chains make some transitions, and learn metric and step size from their pool."""
    step = float(points.shape[1] ** -0.25)
    n_leapfrog = 0.0
    for number, (n, depth) in enumerate(_ROUNDS, start=1):
        pool = []
        for _ in range(n):
            seed = int(rng.integers(1, 2**30))
            moves = transitions(
                target, points, factor=factor, step=step, n=1, seed=seed, max_depth=depth
            )
            points, n_leapfrog = moves.points[:, -1], float(moves.n_leapfrog.mean())
            pool.append(points)
            step *= float(np.exp(_RATE * (moves.accept.mean() - _ACCEPT)))
        if number < len(_ROUNDS):
            factor = _metric(factor, np.concatenate(pool[2:]))
    return _Tuned(points=points, factor=factor, step=step, n_leapfrog=n_leapfrog)


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

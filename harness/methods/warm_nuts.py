"""Warm NUTS, judged as NUTS: chains from resampled draws and from where optimisers ended.

Many chains make a few transitions each, so that their pool gives a metric and a step size; then a
few of them go on.  Nothing is assumed of the draws that they started from.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.chain_checks import ChainChecks, check_chains
from harness.methods.metered import Metered
from harness.methods.pool import Tuned, expected_gradients, first_step, tune
from harness.methods.transitions import Moves, joined, transitions
from harness.verdict.rules import ESS_LIMIT, R_HAT_LIMIT

#: Chains that go on, as many as NUTS has, half of them from each half of the pool; their draws, and
#: how often as many they may become.
N_CHAINS, N_DRAWS, _MOST_TIMES = 4, 250, 4
#: The chains are looked at again after such a part of their first draws.
_AGAIN = 0.4
#: Transitions after which the cost is looked at, and how much deeper than those of the pool their
#: trees may be: a chain that is stuck would take the longest trajectories.
_N_BETWEEN, _DEEPER, _DEEPEST = 10, 4, 10
#: Further draws help chains whose R-hat is so many times as far above 1 as it may be.
_NEARLY_MIXED = 3.0


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


def move(
    target: Metered,
    starts: FloatArray,
    *,
    factor: FloatArray,
    rng: np.random.Generator,
    stiffest: float = 1.0,
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
    stiffest : float
        By how much narrower than that guess the narrowest direction is; first steps are as short.
    cap : float
        The part of the gradients that NUTS at its defaults is expected to take, which all that
        `target` has counted may reach.
    divergent_limit : float
        The part of the transitions that may diverge; chains that can no longer keep it are stopped.
    n_draws : int
        Of each chain, to begin with.

    Returns
    -------
    Moved or None
        None if that cost too much.

    Raises
    ------
    FitError
        If more of the transitions that find the metric diverge.
    """
    step = first_step(starts.shape[1]) / stiffest
    tuned = tune(
        *(target, starts, factor, rng), step=step, cap=cap, divergent_limit=divergent_limit
    )
    if tuned is None:
        return None
    limit = cap * expected_gradients(tuned.n_default)
    if target.spent.in_gradients + N_CHAINS * n_draws * (1 + tuned.n_leapfrog) > limit:
        return None
    parts: list[Moves] = []
    judged: dict[int, ChainChecks] = {}  # by the draws that there were
    n_made, n_judged = 0, n_draws
    for moves in _moves(target, _few_of(tuned.points, rng), tuned, rng, n_draws=n_draws):
        parts.append(moves)
        n_made += moves.points.shape[1]
        is_dear = target.spent.in_gradients > limit
        if is_dear and n_made < n_draws:
            return None  # trajectories are much longer than those of the pool
        if is_dear or _n_diverged(parts) > divergent_limit * _MOST_TIMES * N_CHAINS * n_draws:
            break
        if n_made < n_judged:
            continue
        n_judged = n_made + math.ceil(_AGAIN * n_draws)
        judged[n_made] = _checked(joined(parts))
        if not _may_gain(judged[n_made], longer=_MOST_TIMES * n_draws / n_made):
            break
    moves = joined(parts)
    found = judged.get(n_made) or _checked(moves)
    return Moved(moves=moves, checks=found, factor=tuned.factor, step=tuned.step)


def _n_diverged(parts: Sequence[Moves]) -> int:
    return sum(int(part.diverged.sum()) for part in parts)


def _few_of(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Choose chains that go on, as many of each half."""
    half, few = len(points) // 2, N_CHAINS // 2
    chosen = [*rng.choice(half, few, replace=False), *(half + rng.choice(half, few, replace=False))]
    chosen_points: FloatArray = points[np.array(chosen)]
    return chosen_points


def _moves(
    target: Metered, points: FloatArray, tuned: Tuned, rng: np.random.Generator, *, n_draws: int
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


def _checked(moves: Moves) -> ChainChecks:
    """Compute the diagnostics of chains."""
    return check_chains(moves.points, moves.log_p, diverged=moves.diverged, energy=moves.energy)


def _may_gain(checks: ChainChecks, *, longer: float) -> bool:
    """Whether so much longer chains may pass where these do not."""
    enough = min(checks.ess_bulk, checks.ess_tail) >= ESS_LIMIT
    passes = enough and checks.r_hat <= checks.r_hat_limit and checks.r_hat_log_p <= R_HAT_LIMIT
    near = (
        checks.r_hat <= max(_NEARLY_MIXED, checks.r_hat_limit)
        and longer * checks.ess_bulk >= ESS_LIMIT
    )
    return near and not passes

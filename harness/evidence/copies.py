"""Whether chains of many parameters lack a mode, without its Hessian.

A mode is met by climbing from far around the draws.  Its mass follows from the draws themselves:
moved there by the way between the two ends, they cover a region of the mass of
E[p(x + way) / p(x)] times their own, whatever its shape.  Where the shapes differ much, this is too
small rather than too large.
"""

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.climbs import climb
from harness.evidence.missed import Missed
from harness.methods.metered import Metered
from harness.program.log_density import OutOfTimeError

#: Climbs from so many pairs of opposite places, of so many steps.
_N_PAIRS, _N_STEPS = 8, 100
#: They are so many sds away at least, in any direction, and so many in each parameter at most.
_NEAREST, _FARTHEST = 4.0, 100.0
#: No more climbs after so many gradients.
N_GRADIENTS = 1000
#: Draws that are moved.
_N_DRAWS = 100
#: Ends closer than this, in sds of all parameters together, are one.
_APART = 4.0


def missed_by_copies(
    chains: FloatArray, target: Metered, rng: np.random.Generator, *, limit: float = N_GRADIENTS
) -> Missed:
    """Return what the worst mode that chains lack would do to their moments.

    Parameters
    ----------
    chains : ndarray, shape (chain, draw, d)
        Draws on the unconstrained scale.
    target : Metered
    rng : Generator
    limit : float
        No more climbs after so many gradients.

    Returns
    -------
    Missed
    """
    draws = chains.reshape(-1, chains.shape[-1])
    sd, (aside,) = draws.std(axis=0), rng.spawn(1)
    worst = Missed()
    if not (np.isfinite(sd) & (sd > 0)).all():
        return worst
    with suppress(OutOfTimeError), target.in_time():
        for way in _ways(draws, sd, target, aside, limit):
            some = draws[:: max(1, len(draws) // _N_DRAWS)]
            ratio = target.log_density(some + way) - target.log_density(some)
            usable = ratio[np.isfinite(ratio)]
            if usable.size:
                found = _effect(float(logsumexp(usable)) - np.log(len(some)), way / sd)
                worst = max(worst, found, key=lambda each: each.log_sd_ratio)
    return worst


def _ways(
    draws: FloatArray, sd: FloatArray, target: Metered, rng: np.random.Generator, limit: float
) -> Iterator[FloatArray]:
    """Give the ways from where draws climb to where others do, if that is beyond all draws."""
    begun = target.spent.n_gradients
    own = _climb(target, draws[-1], sd)
    centre = draws.mean(axis=0)
    low, high = np.log([_NEAREST, _FARTHEST * np.sqrt(sd.size)])
    steps = np.exp(rng.uniform(low, high, (_N_PAIRS, 1))) * rng.standard_normal((_N_PAIRS, sd.size))
    for step in np.stack([steps, -steps], axis=1).reshape(-1, sd.size):
        if target.spent.n_gradients - begun > limit:
            return
        start = centre + sd * step
        if np.isfinite(target.log_density(start[None])[0]):
            way = _climb(target, start, sd) - own
            if np.isfinite(way).all() and _is_apart(draws, way / sd**2, way):
                yield way


def _climb(target: Metered, start: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the end of a climb in units of sds."""
    return climb(
        target,
        np.zeros(start.size),
        outside=lambda inside: start + sd * inside,
        inward=lambda gradient: gradient * sd,
        max_iterations=_N_STEPS,
        ftol=1e-12,
    )


def _is_apart(draws: FloatArray, direction: FloatArray, way: FloatArray) -> bool:
    """Whether draws and moved draws are apart along the way."""
    along = draws @ direction
    shift = float(way @ direction)
    return shift > _APART**2 and bool(shift > np.ptp(along))


def _effect(log_ratio: float, way_sd: FloatArray) -> Missed:
    """Return what a copy of the draws would do to their moments."""
    share = float(1 / (1 + np.exp(-np.clip(log_ratio, -700, 700))))
    spread = np.sqrt(1 + share * (1 - share) * way_sd**2)
    return Missed(
        share=share,
        mean_error_sd=float(np.max(share * np.abs(way_sd) / spread)),
        log_sd_ratio=float(np.log(spread).max()),
    )

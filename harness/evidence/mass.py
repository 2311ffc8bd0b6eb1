"""The masses of modes, measured with draws where there are some.

Laplace's approximation knows the curvature at a mode alone.  Bridge sampling compares the draws of
a region with those of a distribution of known mass: Meng and Wong (1996), Statistica Sinica 6.
Without draws it is importance sampling.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.copies import missed_by_copies
from harness.evidence.missed import Missed, missed
from harness.evidence.proposal import Component, Mixture
from harness.evidence.search import PosteriorMode, Search
from harness.methods.metered import Metered
from harness.program.log_density import OutOfTimeError

#: Points at which a mode's own distribution is compared with the posterior.
_N_POINTS = 1000
#: Draws that are compared with it, at most.
_MOST_DRAWS = 1000
#: A covariance is taken from draws if there are so many for each parameter.
_DRAWS_PER_PARAMETER = 10
#: Degrees of freedom of that distribution: its tails must reach where the posterior's are.
_DF = 5.0
_N_ITERATIONS = 100
_CHANGE = 1e-6


def measured_masses(
    search: Search, chains: FloatArray, target: Metered, rng: np.random.Generator
) -> Search:
    """Return a search whose modes have measured masses in the place of Laplace's.

    Parameters
    ----------
    search : Search
    chains : ndarray, shape (chain, draw, d)
        Draws of the posterior, or of a part of it, on the unconstrained scale.
    target : Metered
    rng : Generator

    Returns
    -------
    Search
        The same one where there is one mode. The region of a mode is where its own distribution,
        by its share, has the largest density.
    """
    if len(search.modes) < 2:
        return search
    regions = search.regions()
    half = chains.shape[1] // 2
    fitted, compared = (_flat(part) for part in (chains[:, :half], chains[:, half:]))
    at_fitted, at_compared = regions.nearest(fitted), regions.nearest(compared)
    modes = []
    for number, mode in enumerate(search.modes):
        own = compared[at_compared == number]
        proposal = _proposal(mode, fitted[at_fitted == number])
        points = proposal.draw(_N_POINTS, rng)
        log_p = target.log_density(points)
        log_p[regions.nearest(points) != number] = -np.inf
        drawn = own[:: max(1, -(-len(own) // _MOST_DRAWS))]
        log_mass = _bridge(
            log_p - proposal.log_density(points),
            target.log_density(drawn) - proposal.log_density(drawn),
        )
        modes.append(replace(mode, log_mass=log_mass))
    modes.sort(key=lambda each: -each.log_mass)
    return replace(search, modes=tuple(modes))


def missed_by_chains(
    search: Search | None, chains: FloatArray, target: Metered, rng: np.random.Generator
) -> Missed:
    """Return what the modes that chains lack would do to their moments.

    Parameters
    ----------
    search : Search or None
        None where modes were not searched for, as with too many parameters.
    chains, target, rng
        As of :func:`measured_masses`.

    Returns
    -------
    Missed
        By measured masses, or by Laplace's where the time is up; without a search by those of the
        draws moved to where climbs end.
    """
    if search is None:
        return missed_by_copies(chains, target, rng)
    with suppress(OutOfTimeError), target.in_time():
        search = measured_masses(search, chains, target, rng)
    return missed(search, _flat(chains))


def _flat(chains: FloatArray) -> FloatArray:
    return chains.reshape(-1, chains.shape[-1])


def _proposal(mode: PosteriorMode, draws: FloatArray) -> Mixture:
    """Return a distribution that lies where a mode's mass does: by draws if there are enough."""
    mean, factor = mode.point, mode.factor
    if len(draws) >= _DRAWS_PER_PARAMETER * mean.size:
        covariance = np.atleast_2d(np.cov(draws, rowvar=False))
        try:
            factor = np.linalg.cholesky(covariance)
            mean = draws.mean(axis=0)
        except np.linalg.LinAlgError:
            pass  # the draws do not vary in some direction: the curvature does
    return Mixture(components=(Component(mean=mean, factor=factor),), df=_DF)


def _bridge(of_proposal: FloatArray, of_draws: FloatArray) -> float:
    """Return the log of a mass, from log ratios of the posterior to a proposal of mass 1.

    Parameters
    ----------
    of_proposal : ndarray, shape (n,)
        At draws of the proposal; minus infinity outside the region.
    of_draws : ndarray, shape (m,)
        At draws of the posterior in the region; without any this is importance sampling.
    """
    of_draws = of_draws[np.isfinite(of_draws)]
    n, m = of_proposal.size, of_draws.size
    log_mass = float(logsumexp(of_proposal)) - float(np.log(n))
    if not m:
        return log_mass
    if not np.isfinite(log_mass):
        log_mass = float(np.median(of_draws))
    log_n, log_m = np.log(n / (n + m)), np.log(m / (n + m))
    for _ in range(_N_ITERATIONS):
        above = logsumexp(of_proposal - np.logaddexp(log_m + of_proposal, log_n + log_mass))
        below = logsumexp(-np.logaddexp(log_m + of_draws, log_n + log_mass))
        last, log_mass = log_mass, float(above - np.log(n) - below + np.log(m))
        if not abs(log_mass - last) > _CHANGE:
            break
    return log_mass

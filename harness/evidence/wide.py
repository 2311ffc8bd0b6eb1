"""Mass that lies far around a mode, which the curvature at the mode knows nothing of.

A spike in a wide slab is one mode: every climb ends in the spike, and draws of its Gaussian have
nearly equal weights.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.search import PosteriorMode, mixture_of, shares_of
from harness.methods.metered import Metered

#: The widths that are tried, in sds of the mode: a factor of the root of two apart.
_WIDTHS = 2.0 ** np.arange(3.0, 11.5, 0.5)
#: Points of each.
_N_POINTS = 12
#: So many modes, if they have so much of the mass.
_MOST_MODES, _LEAST_SHARE = 3, 0.01
#: A part is wide if it would change a variance by this factor.
_CHANGE = 1.25**2 - 1


def wide_parts(
    target: Metered, modes: Sequence[PosteriorMode], rng: np.random.Generator
) -> list[PosteriorMode]:
    """Look for mass around modes at many times their sds.

    Parameters
    ----------
    target : Metered
    modes : sequence of PosteriorMode
        The one with the largest mass first.
    rng : Generator

    Returns
    -------
    list of PosteriorMode
        For each mode at most one, with its covariance made wider; only if that would change a
        variance.
    """
    known = list(modes)
    for mode, share in zip(modes[:_MOST_MODES], shares_of(modes), strict=False):
        part = _wide_part(target, mode, known, rng) if share > _LEAST_SHARE else None
        known += [] if part is None else [part]
    return known[len(modes) :]


def _wide_part(
    target: Metered, mode: PosteriorMode, known: list[PosteriorMode], rng: np.random.Generator
) -> PosteriorMode | None:
    """Return the mass beyond what is known, as wide as it is, if it matters.

    All points together are draws of a mixture of all widths, by which they are weighed.
    """
    total = float(logsumexp([each.log_mass for each in known]))
    widths = np.repeat(_WIDTHS, _N_POINTS)
    steps = widths[:, None] * rng.standard_normal((widths.size, mode.point.size))
    points = mode.point + steps @ mode.factor.T
    log_q = _log_density(steps) - np.log(np.diag(mode.factor)).sum()
    rest = _beyond(target.log_density(points), total + mixture_of(known).log_density(points))
    log_mass = float(logsumexp(rest - log_q)) - np.log(widths.size)
    if not np.isfinite(log_mass):
        return None
    weights = np.exp(rest - log_q - logsumexp(rest - log_q))
    variance = float(weights @ np.mean(steps**2, axis=1))
    if not expit(log_mass - total) * variance > _CHANGE or variance < _WIDTHS[0] ** 2:
        return None
    factor = np.sqrt(variance) * mode.factor
    return replace(mode, factor=factor, log_mass=log_mass, is_wide=True)


def _log_density(steps: FloatArray) -> FloatArray:
    """Return the log density of the mixture of all widths, in units of the mode."""
    d = steps.shape[1]
    squares = np.sum(steps**2, axis=1)[:, None]
    terms = -0.5 * squares / _WIDTHS**2 - d * np.log(_WIDTHS)
    constant = np.log(_WIDTHS.size) + d / 2 * np.log(2 * np.pi)
    log_density: FloatArray = logsumexp(terms, axis=1) - constant
    return log_density


def _beyond(log_p: FloatArray, log_known: FloatArray) -> FloatArray:
    """Return the log of what a density is above another, minus infinity where it is not."""
    rest = np.full(log_p.shape, -np.inf)
    above = np.isfinite(log_p) & (log_p > log_known)
    rest[above] = log_p[above] + np.log1p(-np.exp(log_known[above] - log_p[above]))
    return rest

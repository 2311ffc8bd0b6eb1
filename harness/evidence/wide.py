"""Mass that lies far around a mode, which the curvature at the mode knows nothing of.

A spike in a wide slab is one mode: every climb ends in the spike, and draws of its Gaussian have
nearly equal weights.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.patience import Patience
from harness.evidence.search import PosteriorMode, mixture_of, shares_of
from harness.methods.metered import Metered

#: The widths that are tried, in sds of the mode: a factor of the root of two apart.
_WIDTHS = 2.0 ** np.arange(3.0, 11.5, 0.5)
#: Points of each.
_N_POINTS = 12
#: Layers that are looked at side by side, and no more when so many points have been given up.
_AT_ONCE, _MOST_DEAR = 2, 4
#: So many modes, if they have so much of the mass.
_MOST_MODES, _LEAST_SHARE = 3, 0.01
#: A part is wide if it would change a variance by this factor.
_CHANGE = 1.25**2 - 1


def wide_parts(
    target: Metered,
    modes: Sequence[PosteriorMode],
    rng: np.random.Generator,
    patience: Patience,
) -> tuple[list[PosteriorMode], int]:
    """Look for mass around modes at many times their sds.

    Parameters
    ----------
    target : Metered
    modes : sequence of PosteriorMode
        The one with the largest mass first.
    rng : Generator
    patience : Patience

    Returns
    -------
    list of PosteriorMode
        For each mode at most one, with its covariance made wider; only if that would change a
        variance.
    int
        Points whose density was given up; they count as without mass.
    """
    known, n_dear = list(modes), 0
    for mode, share in zip(modes[:_MOST_MODES], shares_of(modes), strict=False):
        if share > _LEAST_SHARE:
            looked = _Around(target, mode, rng, patience)
            n_dear += looked.n_dear
            part = looked.wide_part(known)
            known += [] if part is None else [part]
    return known[len(modes) :], n_dear


class _Around:
    """Points far around a mode, and the density there.

    All together are draws of a mixture of all widths, by which they are weighed.  They are
    evaluated in layers of one point for each width; where many are given up, fewer layers have to
    do.
    """

    def __init__(
        self, target: Metered, mode: PosteriorMode, rng: np.random.Generator, patience: Patience
    ) -> None:
        steps = _WIDTHS[:, None, None] * rng.standard_normal(
            (_WIDTHS.size, _N_POINTS, mode.point.size)
        )
        layers = np.swapaxes(steps, 0, 1)
        self.mode = mode
        self.n_dear = 0
        found: list[float] = []
        points = mode.point + layers @ mode.factor.T
        for first in range(0, _N_POINTS, _AT_ONCE):
            if self.n_dear > _MOST_DEAR:
                break
            for values in target.map(patience.values, list(points[first : first + _AT_ONCE])):
                self.n_dear += values.count(None)
                found += [-np.inf if value is None else value for value in values]
        self.log_p = np.array(found)
        self.steps = layers.reshape(-1, mode.point.size)[: len(found)]

    def wide_part(self, known: list[PosteriorMode]) -> PosteriorMode | None:
        """Return the mass beyond what is known, as wide as it is, if it matters."""
        mode, steps = self.mode, self.steps
        total = float(logsumexp([each.log_mass for each in known]))
        points = mode.point + steps @ mode.factor.T
        log_q = _log_density(steps) - np.log(np.diag(mode.factor)).sum()
        rest = _beyond(self.log_p, total + mixture_of(known).log_density(points))
        log_mass = float(logsumexp(rest - log_q)) - np.log(len(steps))
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

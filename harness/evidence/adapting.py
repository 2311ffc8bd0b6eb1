"""Proposals that are fitted to weighted draws.

Hoogerheide, Opschoor and van Dijk (2012), Journal of Econometrics 171(2), fit a mixture by EM to
weighted draws.  All draws so far count, each weighed by the mixture of all that was drawn from:
Owen and Zhou (2000), JASA 95.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.proposal import Component, Mixture
from harness.metrics.psis import systematic

#: Components beside those of the modes at most; each needs so many effective draws per parameter.
_MOST_PARTS, _DRAWS_PER_PARAMETER = 5, 10
_N_STEPS = 15
#: Beside them stands one of such a share that is wider than all draws: Hesterberg (1995),
#: Technometrics 37.
_DEFENSIVE, _WIDER = 0.2, 1.5
#: So many draws per parameter must count, or weights are tempered.
_ENOUGH = 3.0
#: Components with less of the draws are left out.
_NEGLIGIBLE = 1e-6


class Weighed:
    """All draws that were weighed so far."""

    def __init__(self) -> None:
        self._points: list[FloatArray] = []
        self._log_p: list[FloatArray] = []
        self._proposals: list[Mixture] = []

    def add(self, points: FloatArray, log_p: FloatArray, proposal: Mixture) -> None:
        """Add the draws of a proposal."""
        self._points.append(points)
        self._log_p.append(log_p)
        self._proposals.append(proposal)

    def fitted(self, modes: Sequence[Component], *, df: float, rng: np.random.Generator) -> Mixture:
        """Fit a mixture: a component for each mode, and more as far as the draws tell them apart.

        Parameters
        ----------
        modes : sequence of Component
            Where EM begins.
        df : float
            Degrees of freedom of the mixture.
        rng : Generator

        Returns
        -------
        Mixture
            Its scales are the covariances, so that its tails are heavier than those of the draws.
        """
        points = np.concatenate(self._points)
        log_p = np.concatenate(self._log_p)
        sizes = np.array([len(each) for each in self._points])
        log_q = np.column_stack([each.log_density(points) for each in self._proposals])
        log_weight = log_p - logsumexp(log_q, b=sizes / sizes.sum(), axis=1)
        d = points.shape[1]
        log_weight = _tempered(log_weight, n_enough=_ENOUGH * (d + 1))
        weights = np.exp(log_weight - logsumexp(log_weight))
        further = _further(points, weights, len(modes), rng=rng)
        mixture = Mixture(components=(*modes, *further))
        if not further:
            return replace(_fitted_once(mixture, points, weights), df=df).spread()
        for _ in range(_N_STEPS):
            mixture = _fitted_once(mixture, points, weights)
        whole = _moved(modes[0], points, weights, share=1.0)
        wide = Component(mean=whole.mean, factor=_WIDER * whole.factor, share=_DEFENSIVE)
        return Mixture(components=(*mixture.spread().scaled(1 - _DEFENSIVE), wide), df=df)


def _further(
    points: FloatArray, weights: FloatArray, n_modes: int, *, rng: np.random.Generator
) -> list[Component]:
    """Return components around some of the draws, as many as the draws can tell apart."""
    d = points.shape[1]
    n_eff = 1 / np.sum(weights**2)
    n_parts = int(min(_MOST_PARTS, n_eff / (_DRAWS_PER_PARAMETER * (d + 1)) - n_modes))
    if n_parts < 1:
        return []
    try:
        factor = np.linalg.cholesky(np.cov(points.T, aweights=weights).reshape(d, d))
    except np.linalg.LinAlgError:
        return []
    centres = points[systematic(weights, n_parts, rng)]
    share = 1 / n_parts
    return [Component(mean=centre, factor=factor / 2, share=share) for centre in centres]


def _fitted_once(mixture: Mixture, points: FloatArray, weights: FloatArray) -> Mixture:
    """Take a step of EM."""
    log_terms = mixture.log_terms(points)
    members = weights[:, None] * np.exp(log_terms - logsumexp(log_terms, axis=1)[:, None])
    shares = members.sum(axis=0)
    parts = [
        _moved(part, points, members[:, number], share=float(shares[number]))
        for number, part in enumerate(mixture.components)
        if shares[number] > _NEGLIGIBLE
    ]
    return Mixture(components=tuple(parts))


def _moved(part: Component, points: FloatArray, members: FloatArray, *, share: float) -> Component:
    """Give a component the moments of its draws; one with too few keeps its own."""
    weights = members / share
    d = part.mean.size
    if 1 / np.sum(weights**2) < 2 * (d + 1):
        return Component(mean=part.mean, factor=part.factor, share=share)
    mean = weights @ points
    off = points - mean
    try:
        factor = np.linalg.cholesky((weights[:, None] * off).T @ off)
    except np.linalg.LinAlgError:
        factor = part.factor
    return Component(mean=mean, factor=factor, share=share)


def _tempered(log_weight: FloatArray, *, n_enough: float) -> FloatArray:
    """Return log weights to a power below 1 at which so many draws count, if there is one."""
    finite = np.where(np.isfinite(log_weight), log_weight, -np.inf)
    finite = finite - finite.max()
    counted = np.isfinite(finite)

    def lacking(power: float) -> float:
        weights = np.exp(power * finite[counted])
        return float(np.log(weights.sum() ** 2 / np.sum(weights**2)) - np.log(n_enough))

    if lacking(1.0) >= 0:
        return np.asarray(finite, dtype=np.float64)
    power = float(brentq(lacking, 0.0, 1.0)) if lacking(0.0) > 0 else 0.0
    tempered: FloatArray = np.where(counted, power * np.where(counted, finite, 0.0), -np.inf)
    return tempered

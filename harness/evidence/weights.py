"""Draws with importance weights, from proposals that are adapted before they are given up.

Cappé, Douc, Guillin, Marin and Robert (2008), Statistics and Computing 18(4), update a mixture from
its own weighted draws; Vehtari et al. (2024), JMLR 25(72), smooth the weights and judge their tail.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.proposal import Component, Mixture
from harness.methods.metered import GRADIENTS_PER_DENSITY, Metered
from harness.metrics.psis import psis, systematic

#: The least effective number of draws under w h^2, the telling one: sds are within a few per cent.
N_EFF_LIMIT = 400.0
#: Largest shape of the tails of w, w h and w h^2.
K_HAT_LIMIT = 0.7
#: With so large a part of the draws effective, weights are nearly constant and k-hat is noise.
_NEARLY_CONSTANT = 0.98
#: Draws of a first look, and of what is judged at most.
_N_FEW, _N_MANY = 2000, 10_000
_MAX_UPDATES = 4
#: k-hat is computed of so many coordinates, those with the fewest effective draws.
_N_WORST = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighted:
    """Independent draws of a proposal, with what their weights are worth.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        On the unconstrained scale.
    log_p : ndarray, shape (n,)
        Log density of the posterior, in nats.
    log_weight : ndarray, shape (n,)
        Log p minus log q, unsmoothed, in nats.
    weights : ndarray, shape (n,)
        Smoothed, of sum 1; NaN where they cannot be.
    k_hat : float
        The largest of w, of w h and of w h^2, where h is a standardised coordinate; 0 where the
        weights are nearly constant.
    n_eff : float
        Effective number of draws, 1 / sum of squared weights.
    n_eff_square : float
        The smallest over coordinates of the effective number under w h^2.
    proposal : Mixture
        What was drawn from.
    """

    points: FloatArray
    log_p: FloatArray
    log_weight: FloatArray
    weights: FloatArray
    k_hat: float
    n_eff: float
    n_eff_square: float
    proposal: Mixture

    @property
    def passes(self) -> bool:
        """Whether the weights can carry means and sds."""
        return self.n_eff_square >= N_EFF_LIMIT and self.k_hat <= K_HAT_LIMIT

    @property
    def is_usable(self) -> bool:
        """Whether there are weights at all."""
        return bool(np.isfinite(self.weights).all())

    @property
    def mean(self) -> FloatArray:
        """Weighted means, shape (d,)."""
        mean: FloatArray = self.weights @ self.points
        return mean

    @property
    def sd(self) -> FloatArray:
        """Weighted sds, shape (d,)."""
        sd: FloatArray = np.sqrt(self.weights @ (self.points - self.mean) ** 2)
        return sd

    def resampled(self, n: int, rng: np.random.Generator) -> np.typing.NDArray[np.intp]:
        """Return which draws stand for so many of equal weight: systematically, in random order."""
        return systematic(self.weights, n, rng)


def weigh(
    points: FloatArray, log_p: FloatArray, *, log_q: FloatArray, proposal: Mixture
) -> Weighted:
    """Judge the weights of draws.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Independent draws on the unconstrained scale.
    log_p, log_q : ndarray, shape (n,)
        Log densities there of target and proposal, in nats, up to constants.
    proposal : Mixture
        What was drawn from.

    Returns
    -------
    Weighted
    """
    log_weight = log_p - log_q
    if not np.isfinite(log_weight).any():
        log_weight = np.full(len(points), np.nan)
    smoothed = psis(log_weight)
    k_hat, n_eff_square = np.inf, 0.0
    if np.isfinite(smoothed.weights).all():
        n_eff_squares, log_h = _under_squares(points, smoothed.weights)
        n_eff_square = float(n_eff_squares.min())
        worst = np.argsort(n_eff_squares)[:_N_WORST]
        k_hat = smoothed.k_hat
        if smoothed.n_effective >= _NEARLY_CONSTANT * len(points):
            k_hat = 0.0
        elif n_eff_square >= N_EFF_LIMIT and k_hat <= K_HAT_LIMIT:
            tails = (psis(log_weight + power * log_h[:, i]) for i in worst for power in (1, 2))
            k_hat = max(k_hat, *(tail.k_hat for tail in tails))
    return Weighted(
        points=points,
        log_p=log_p,
        log_weight=log_weight,
        weights=smoothed.weights,
        k_hat=float(k_hat) if not np.isnan(k_hat) else np.inf,
        n_eff=smoothed.n_effective,
        n_eff_square=n_eff_square,
        proposal=proposal,
    )


def _under_squares(points: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return effective numbers of draws under w h^2, and log |h|, of each coordinate."""
    off = points - weights @ points
    squares = weights[:, None] * off**2
    with np.errstate(divide="ignore", invalid="ignore"):
        n_eff = squares.sum(axis=0) ** 2 / np.sum(squares**2, axis=0)
        log_h = np.log(np.abs(off)) - np.log(np.sqrt(squares.sum(axis=0)))
    return np.nan_to_num(n_eff), log_h


def weighted_draws(
    target: Metered, proposal: Mixture, n: int, rng: np.random.Generator
) -> Weighted:
    """Draw from a proposal and weigh the draws."""
    points = proposal.draw(n, rng)
    log_p = target.log_density(points)
    return weigh(points, log_p, log_q=proposal.log_density(points), proposal=proposal)


def degrees_of_freedom(d: int) -> float:
    """Return those of a proposal in so many dimensions; heavy tails cost more in many."""
    return 5.0 if d < 10 else 15.0 if d < 40 else 30.0


def attempts(
    target: Metered, start: Mixture, rng: np.random.Generator, *, limit: float = np.inf
) -> Iterator[Weighted]:
    """Draw from a proposal, then from heavier tails, each time updated by the weighted draws.

    Parameters
    ----------
    target : Metered
    start : Mixture
        Gaussians, as of Laplace approximations.
    rng : Generator
    limit : float
        Gradients that all that `target` has counted may reach.

    Yields
    ------
    Weighted
        Until one passes, up to four updates have not helped, or the next would cost too much.
    """
    d = target.n_parameters
    n_few = int(np.clip(20 * d, _N_FEW, _N_MANY))
    now = weighted_draws(target, start, n_few, rng)
    yield now
    proposal = Mixture(components=start.components, df=degrees_of_freedom(d))
    for update in range(1 + _MAX_UPDATES):
        if now.passes or _after(target, n_few) > limit:
            return
        now = weighted_draws(target, proposal, n_few, rng)
        yield now
        is_near = now.n_eff_square * _N_MANY / n_few > N_EFF_LIMIT
        if not now.passes and is_near and _after(target, _N_MANY) <= limit:
            now = weighted_draws(target, proposal, _N_MANY, rng)
            yield now
        if not now.is_usable or (update > 1 and now.n_eff < update):
            return
        proposal = updated(now)


def _after(target: Metered, n: int) -> float:
    """Return what will have been spent after so many further densities."""
    return target.spent.in_gradients + GRADIENTS_PER_DENSITY * n


def updated(draws: Weighted) -> Mixture:
    """Return a proposal whose components have the moments of its weighted draws.

    Weights are tempered until enough draws count for a covariance.
    """
    proposal, points = draws.proposal, draws.points
    d = points.shape[1]
    log_weight = _tempered(draws.log_weight, n_enough=3.0 * (d + 1))
    log_terms = proposal.log_terms(points)
    log_weights = log_weight[:, None] + log_terms - logsumexp(log_terms, axis=1)[:, None]
    log_shares = logsumexp(log_weights, axis=0) - logsumexp(log_weights)
    parts = [
        _moved(part, points, log_weights[:, number], share=float(share))
        for number, (part, share) in enumerate(
            zip(proposal.components, np.exp(log_shares), strict=True)
        )
        if share > 1e-6
    ]
    return Mixture(components=tuple(parts), df=proposal.df)


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


def _moved(
    part: Component, points: FloatArray, log_weights: FloatArray, *, share: float
) -> Component:
    """Give a component the moments of its draws; one with too few keeps its own."""
    weights = np.exp(log_weights - logsumexp(log_weights))
    d = part.mean.size
    if 1 / np.sum(weights**2) < 2 * (d + 1):
        return Component(mean=part.mean, factor=part.factor, share=share)
    mean = weights @ points
    off = points - mean
    covariance = (weights[:, None] * off).T @ off
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        factor = part.factor
    return Component(mean=mean, factor=factor, share=share)

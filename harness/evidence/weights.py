"""Draws with importance weights, from proposals that are adapted before they are given up.

Cappé, Douc, Guillin, Marin and Robert (2008), Statistics and Computing 18(4), update a mixture from
weighted draws; Vehtari et al. (2024), JMLR 25(72), smooth the weights and judge their tail.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.adapting import Weighed
from harness.evidence.proposal import Mixture
from harness.messages.numerals import numeral
from harness.methods.metered import GRADIENTS_PER_DENSITY, Metered
from harness.metrics.psis import psis, systematic

#: The least effective number of draws under w h^2, the telling one: sds are within a few per cent.
#: And the least part of the draws: where fewer count, the proposal lies elsewhere, and a part of
#: the posterior may be where hardly any draw is, of which the weights tell late.
N_EFF_LIMIT, PART_LIMIT = 400.0, 0.1
#: Largest shape of the tails of w, w h and w h^2.
K_HAT_LIMIT = 0.7
#: With so large a part of the draws effective, weights are nearly constant and k-hat is noise.
_NEARLY_CONSTANT = 0.98
#: Draws of a first look, of what passes at least, of a proposal before others are tried, and most.
_N_FEW, _FEWEST, _SOME, _N_MOST = 1000, 2000, 5000, 20_000
#: So many more than seem to be needed are drawn, since it is not known well.
_MARGIN = 1.2
#: Updates; so much more effective an update must be for a next one, with so many effective draws
#: for each parameter.
_MAX_UPDATES, _GAIN, _HOPELESS = 4, 1.3, 1 / 3
#: The update from which on it must be so.
_PATIENCE = 4
#: Draws of an update for each parameter.
_PER_PARAMETER = 100
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
        return self.n_eff_square >= self.n_eff_limit and self.k_hat <= K_HAT_LIMIT

    @property
    def n_eff_limit(self) -> float:
        """The least effective number under w h^2 of so many draws."""
        return max(N_EFF_LIMIT, PART_LIMIT * len(self.points))

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

    def words(self) -> str:
        """Say what the weights are worth."""
        k_hat = "" if not np.isfinite(self.k_hat) else f", k-hat {numeral(self.k_hat, 2)}"
        return (
            f"{len(self.points):,} draws, {self.n_eff:,.0f} effective, "
            f"{self.n_eff_square:,.0f} for the worst sd{k_hat}"
        )

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
    target: Metered,
    proposal: Mixture,
    n: int,
    rng: np.random.Generator,
    *,
    earlier: Weighted | None = None,
) -> Weighted:
    """Draw from a proposal and weigh the draws, together with earlier ones of the same proposal."""
    points = proposal.draw(n, rng)
    log_p, log_q = target.log_density(points), proposal.log_density(points)
    if earlier is not None:
        points = np.concatenate([earlier.points, points])
        log_q = np.concatenate([earlier.log_p - earlier.log_weight, log_q])
        log_p = np.concatenate([earlier.log_p, log_p])
    return weigh(points, log_p, log_q=log_q, proposal=proposal)


def degrees_of_freedom(d: int) -> float:
    """Return those of a proposal in so many dimensions; heavy tails cost more in many."""
    return 5.0 if d < 10 else 15.0 if d < 40 else 30.0


def attempts(
    target: Metered, start: Mixture, rng: np.random.Generator, *, limit: float = np.inf
) -> Iterator[Weighted]:
    """Draw from a proposal, then from heavier tails, each time updated by the weighted draws.

    A few draws of each proposal tell how many it would take. They become as many where that costs
    no more than the best of all proposals would, and in the end those of the best proposal do.

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
        Until one passes, no update helps, or what is left to try would cost too much.
    """
    d = target.n_parameters
    n_few = int(np.clip(20 * d, _N_FEW, _N_MOST))
    df, pool = degrees_of_freedom(d), Weighed()
    proposal, best = start.spread(), None
    for number in range(2 + _MAX_UPDATES):
        n = n_few if number < 2 else int(np.clip(_PER_PARAMETER * d, n_few, _N_MOST / 2))
        if number and _after(target, n) > limit:
            break
        now = weighted_draws(target, proposal, n, rng)
        while _more_is_cheaper(now) and _after(target, _lacking(now)) <= limit:
            now = weighted_draws(target, proposal, _lacking(now), rng, earlier=now)
        yield now
        if now.passes:
            return
        gains = best is None or (
            _efficiency(now) > _GAIN * _efficiency(best)
            or now.n_eff * len(best.points) > _GAIN * best.n_eff * len(now.points)
        )
        best = now if best is None or _efficiency(now) > _efficiency(best) else best
        if (
            number and (now.n_eff < _HOPELESS * d or (number >= _PATIENCE and not gains))
        ) or not now.is_usable:
            break
        pool.add(now.points, now.log_p, proposal)
        proposal = (
            Mixture(components=start.components, df=df).spread()
            if number == 0
            else pool.fitted(start.components, df=df, rng=rng)
        )
    while best is not None and not best.passes and _can_pass(best):
        if _after(target, _lacking(best)) > limit:
            return
        best = weighted_draws(target, best.proposal, _lacking(best), rng, earlier=best)
        yield best


def _after(target: Metered, n: int) -> float:
    """Return what will have been spent after so many further densities."""
    return target.spent.in_gradients + GRADIENTS_PER_DENSITY * n


def _efficiency(draws: Weighted) -> float:
    """Return the effective part of the draws under w h^2, 0 where their tail is too heavy."""
    is_light = draws.k_hat <= K_HAT_LIMIT + _k_hat_error(len(draws.points))
    return draws.n_eff_square / len(draws.points) if is_light else 0.0


def _k_hat_error(n: int) -> float:
    """Return the standard error of a k-hat at its limit: of the tail's three roots of n draws."""
    return float((1 + K_HAT_LIMIT) / np.sqrt(3 * np.sqrt(n)))


def _lacking(draws: Weighted) -> int:
    """Return how many further draws a proposal needs, about, and at most three times as many."""
    n = len(draws.points)
    # where enough count, it is k-hat that is in doubt
    ratio = max(_MARGIN * N_EFF_LIMIT / max(draws.n_eff_square, 1.0), 2.0)
    return int(n * min(ratio - 1, 3.0))


def _can_pass(draws: Weighted) -> bool:
    """Whether more draws of the same proposal may pass."""
    needed = N_EFF_LIMIT / max(_efficiency(draws), 1e-9)
    is_near = _MARGIN * _efficiency(draws) >= PART_LIMIT
    return is_near and needed <= _N_MOST and len(draws.points) < _N_MOST


def _more_is_cheaper(draws: Weighted) -> bool:
    """Whether lacking draws cost no more than all those of a proposal without fault would."""
    n = len(draws.points)
    if draws.passes:
        return n < _FEWEST
    if not _can_pass(draws):
        return False
    needed = max(N_EFF_LIMIT / _efficiency(draws), 2.0 * n if draws.k_hat > K_HAT_LIMIT else 0.0)
    return needed <= _SOME and needed - n <= needed * draws.n_eff / n

"""Are some numbers uniform? An exact simultaneous test of their distribution function.

The empirical distribution function of R independent uniform numbers is looked at in K points at
once. Its counts there are a walk whose steps are those of a Poisson process that makes R events in
all, so that the probability of staying within any limits is a product of K convolutions: p-values
and bands are exact, where simulated ones end at one over the number of simulations, which is too
coarse for Holm's correction.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from harness.metrics.draws import Floats

type _Counts = npt.NDArray[np.intp]

#: The distribution function is looked at in no more points than this.
MAX_POINTS = 100
#: Tail probabilities that differ by rounding are equal.
_ROUNDING = 1e-9
_BISECTIONS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class UniformityTest:
    """The empirical distribution function of some numbers against that of uniform ones.

    Attributes
    ----------
    points : ndarray, shape (point,)
        Where it is looked at, evenly spaced within (0, 1).
    difference : ndarray, shape (point,)
        The share of the numbers that are no larger than a point, minus the point.
    p_value : float
        The probability that uniform numbers leave a band of equal pointwise levels that these
        numbers touch.
    """

    points: Floats
    difference: Floats
    p_value: float

    def excess(self, band: tuple[Floats, Floats]) -> float:
        """Return how far it is outside of a band at the most, 0 within."""
        lower, upper = band
        outside = np.maximum(lower - self.difference, self.difference - upper)
        return float(max(0.0, outside.max()))


def uniformity_test(numbers: npt.ArrayLike) -> UniformityTest:
    r"""Test whether independent numbers within [0, 1] are uniform.

    The statistic is :math:`\gamma = 2 \min_k \min\{P(X_k \le c_k), P(X_k \ge c_k)\}` with the
    counts :math:`c_k` of numbers up to :math:`z_k` and :math:`X_k \sim` Binomial(R, :math:`z_k`).

    Parameters
    ----------
    numbers : array_like, shape (R,)

    Returns
    -------
    UniformityTest

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Statistics and Computing 32(32), section 2: the statistic
    and the band.
    """
    values = np.sort(np.asarray(numbers, dtype=np.float64))
    points = _points(values.size)
    counts = np.searchsorted(values, points, side="right")
    levels = _levels(values.size)
    gamma = float(levels[np.arange(points.size), counts].min())
    return UniformityTest(
        points=points,
        difference=counts / values.size - points,
        p_value=_p_value(values.size, gamma),
    )


def uniform_band(n_numbers: int, *, level: float) -> tuple[Floats, Floats]:
    """Return what the difference of uniform numbers stays within, at all points at once.

    Parameters
    ----------
    n_numbers : int
        How many numbers, R.
    level : float
        The least probability of staying within it; as the counts are whole numbers, the
        probability is a little larger.

    Returns
    -------
    tuple of ndarray, shape (point,)
        The smallest and the largest difference within the band. Numbers are outside of it exactly
        if the p-value of :func:`uniformity_test` is at most 1 - `level`.
    """
    points, inside = _points(n_numbers), _within(n_numbers, _gamma(n_numbers, level))
    lowest = inside.argmax(axis=1)
    highest = n_numbers - inside[:, ::-1].argmax(axis=1)
    return lowest / n_numbers - points, highest / n_numbers - points


@cache
def _points(n_numbers: int) -> Floats:
    """Return where the distribution function is looked at."""
    n_points = min(n_numbers, MAX_POINTS)
    return np.asarray(np.arange(1, n_points) / n_points, dtype=np.float64)


@cache
def _levels(n_numbers: int) -> Floats:
    """Return of each point and count twice the smaller tail probability, at most 1."""
    counts, points = np.arange(n_numbers + 1), _points(n_numbers)[:, None]
    below = stats.binom.cdf(counts, n_numbers, points)
    above = stats.binom.sf(counts - 1, n_numbers, points)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(below, above)), dtype=np.float64)


def _within(n_numbers: int, gamma: float) -> npt.NDArray[np.bool_]:
    """Return which counts at each point are less extreme than a level."""
    return _levels(n_numbers) > gamma * (1 + _ROUNDING)


def _p_value(n_numbers: int, gamma: float) -> float:
    """Return the probability that some count of uniform numbers is as extreme as a level."""
    inside = _within(n_numbers, gamma)
    if not inside.any(axis=1).all():  # a level of 1: no walk is less extreme
        return 1.0
    steps = stats.poisson.pmf(np.arange(n_numbers + 1), n_numbers / (len(inside) + 1))
    steps = steps[: int(np.flatnonzero(steps > 1e-300)[-1]) + 1]
    walk = np.ones(1)
    for allowed in inside:
        walk = np.convolve(walk, steps)[: n_numbers + 1]
        walk = np.pad(walk, (0, n_numbers + 1 - walk.size)) * allowed
    reached = float(np.convolve(walk, steps)[n_numbers]) if steps.size else 0.0
    stays = reached / float(stats.poisson.pmf(n_numbers, n_numbers))
    return float(np.clip(1 - stays, 0.0, 1.0))


@cache
def _gamma(n_numbers: int, level: float) -> float:
    """Return the largest pointwise level whose band uniform numbers leave seldom enough."""
    low, high = 0.0, 1.0 - level
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _p_value(n_numbers, middle) <= 1 - level:
            low = middle
        else:
            high = middle
    return low

"""Pareto-smoothed importance sampling: k-hat, and means and sds corrected by the weights.

k-hat says whether the weights of the draws at hand can carry an estimate. It cannot see a mode that
the approximation never visits: no draw lies there, so no weight tells of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.draws import Floats, array_stats, vector_draws
from harness.metrics.tails import tail_shapes

# arviz_stats fits a tail to at least 5 draws, and takes a fifth of a small sample as its tail.
_FEWEST_DRAWS = 25

# The largest weights are the same, up to rounding, if their logarithms differ by less than this.
_TIED = 1e-6

# Weights worth this part of their draws have no tail whose shape would say anything.
_NEARLY_EQUAL = 0.98


@dataclass(frozen=True, kw_only=True, eq=False)
class Psis:
    """Smoothed importance weights and what they are worth.

    Attributes
    ----------
    k_hat : float
        Estimated shape of the weights' tail: the weights have about 1 / k_hat finite moments.
        Infinity where a log weight is plus infinity, NaN where it is unknown.
    k_hat_mcse : float
        Standard error of `k_hat`.
    k_hat_threshold : float
        See `k_hat_threshold`.
    weights : ndarray (n_draws,)
        Smoothed and normalised to sum 1; all NaN where `k_hat` is NaN or infinite.
    n_effective : float
        Effective number of draws, 1 / sum of squared weights (Kong 1992); NaN with the weights.
    n_zero : int
        Draws of log weight minus infinity: outside the target's support, their weight is 0.
    n_invalid : int
        Draws whose log weight is NaN or plus infinity.
    """

    k_hat: float
    k_hat_mcse: float
    k_hat_threshold: float
    weights: Floats
    n_effective: float
    n_zero: int
    n_invalid: int


@dataclass(frozen=True, kw_only=True, eq=False)
class PsisMoments:
    """Moments of the target, by the weights of an approximation's draws.

    Attributes
    ----------
    mean, mean_mcse, sd : ndarray (d,)
        In the units of the draws; the MCSE holds while k-hat is below its threshold.
    """

    mean: Floats
    mean_mcse: Floats
    sd: Floats


def k_hat_threshold(n_draws: int) -> float:
    r"""Largest k-hat at which `n_draws` draws still give reliable estimates.

    :math:`\min(1 - 1 / \log_{10} S, 0.7)`: 0.7 from 2,155 draws on, 2/3 at 1,000.

    Parameters
    ----------
    n_draws : int
        Number of draws S, at least 2.

    Returns
    -------
    float
        Negative below 10 draws: then no k-hat will do.

    Raises
    ------
    HarnessError
        If `n_draws` is below 2.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR
    25(72).
    """
    if n_draws < 2:
        raise HarnessError(f"k-hat needs draws; got {n_draws}")
    return float(min(1 - 1 / np.log10(n_draws), 0.7))


def psis(log_weight: npt.ArrayLike) -> Psis:
    r"""Smooth importance weights by a Pareto tail and estimate its shape.

    Non-finite values are dealt with before the fit. Minus infinity is a draw of weight 0 and
    counts as a draw. One NaN, a density that could not be evaluated, makes k-hat unknown (NaN);
    one plus infinity makes it infinite. Nearly equal weights, whose effective number is at least
    0.98 of the draws, have no tail to fit: k-hat is 0, where an estimate would be noise. So it is
    where the largest weights, those of the tail, are all the same.

    The standard error of k-hat is that of the shape of a Pareto tail of M draws,
    :math:`(1 + k) / \sqrt{M}` with :math:`M = 3 \sqrt{S}`: 0.17 at S = 1,000 and k = 0.7.

    Parameters
    ----------
    log_weight : array (n_draws,)
        log p - log q of independent draws from q, in nats; both up to a constant.

    Returns
    -------
    Psis
        k-hat is NaN below 25 draws, too, and where fewer draws than the tail needs have a weight.

    Raises
    ------
    HarnessError
        If `log_weight` is not one axis of at least 2 draws.

    References
    ----------
    Vehtari et al. (2024), JMLR 25(72), as implemented in arviz_stats; the standard error from
    Smith (1985), Biometrika 72(1).
    """
    values = np.asarray(log_weight, dtype=np.float64)
    if values.ndim != 1 or values.size < 2:
        raise HarnessError(f"log_weight must have shape (n_draws,); got {values.shape}")
    n_infinite, n_nan = int(np.sum(values == np.inf)), int(np.sum(np.isnan(values)))
    weights, k_hat = np.full(values.size, np.nan), float("nan")
    if n_nan == 0 and n_infinite > 0:
        k_hat = float("inf")
    elif n_nan == 0:
        weights, k_hat = _smooth(values)
    return Psis(
        k_hat=k_hat,
        k_hat_mcse=_k_hat_mcse(k_hat, values.size),
        k_hat_threshold=k_hat_threshold(values.size),
        weights=weights,
        n_effective=float(1 / np.sum(weights**2)),
        n_zero=int(np.sum(values == -np.inf)),
        n_invalid=n_nan + n_infinite,
    )


def psis_moments(draws: npt.ArrayLike, *, weights: npt.ArrayLike) -> PsisMoments:
    r"""Means and sds of the target from weighted draws.

    With weights :math:`w_s` of sum 1: the mean :math:`m = \sum w_s x_s`, its MCSE
    :math:`\sqrt{\sum w_s^2 (x_s - m)^2}` and the sd :math:`\sqrt{\sum w_s (x_s - m)^2}`.

    Parameters
    ----------
    draws : array (n_draws, d)
        Independent draws of the approximation.
    weights : array (n_draws,)
        `Psis.weights`.

    Returns
    -------
    PsisMoments
        All NaN where the weights are.

    Raises
    ------
    HarnessError
        If the shapes differ or a draw is not finite.

    References
    ----------
    Owen (2013), Monte Carlo theory, methods and examples, chapter 9, on self-normalised
    importance sampling; Vehtari et al. (2024), JMLR 25(72).
    """
    x = vector_draws(draws, name="draws")
    w = np.asarray(weights, dtype=np.float64)
    if x.ndim != 2 or w.shape != x.shape[:1]:
        raise HarnessError(f"draws of shape {x.shape} need one weight each; got {w.shape}")
    rows = np.ascontiguousarray(x.T)  # sums along them do not depend on how many there are
    mean = (w * rows).sum(axis=1)
    squares = (rows - mean[:, None]) ** 2
    return PsisMoments(
        mean=mean,
        mean_mcse=np.sqrt((w**2 * squares).sum(axis=1)),
        sd=np.sqrt((w * squares).sum(axis=1)),
    )


def _k_hat_mcse(k_hat: float, n_draws: int) -> float:
    """Return the standard error of the shape of a tail; see `psis`."""
    if not np.isfinite(k_hat):
        return float("nan")
    return float((1 + max(k_hat, -0.5)) / np.sqrt(_tail_size(n_draws)))


def _tail_size(n_draws: int) -> float:
    """Return how many draws make up the tail."""
    return float(min(3 * np.sqrt(n_draws), n_draws / 5))


def weighted_tail_shapes(draws: Floats, *, weights: Floats) -> tuple[Floats, Floats]:
    r"""Shapes of the tails of what weighted means sum up, :math:`w h` and :math:`w h^2`.

    Parameters
    ----------
    draws : ndarray (quantity, draw)
        h, each quantity, whose weighted mean is subtracted.
    weights : ndarray (draw,)
        Smoothed weights of sum 1.

    Returns
    -------
    of_mean, of_sd : ndarray (quantity,)
        Above `k_hat_threshold` the weighted mean, or sd, is not reliable though the weights may
        be; 0 where the weights are nearly equal.

    References
    ----------
    Vehtari et al. (2024), JMLR 25(72), section 3.4.
    """
    if _NEARLY_EQUAL * weights.size <= 1 / np.sum(weights**2):
        return np.zeros(len(draws)), np.zeros(len(draws))
    away = draws - (draws * weights).sum(axis=1, keepdims=True)
    return (
        tail_shapes(weights * away, both=True),
        tail_shapes(weights * away**2, both=False),
    )


def _smooth(log_weight: Floats) -> tuple[Floats, float]:
    """Normalised weights and k-hat of log weights that are finite or minus infinity."""
    finite = log_weight[log_weight > -np.inf]
    if finite.size == 0:
        return np.full(log_weight.size, np.nan), float("nan")
    raw = np.exp(log_weight - finite.max())
    raw /= raw.sum()
    if finite.size == log_weight.size and _NEARLY_EQUAL * raw.size <= 1 / np.sum(raw**2):
        return raw, 0.0
    if log_weight.size < _FEWEST_DRAWS or finite.size <= _tail_size(log_weight.size):
        return np.full(log_weight.size, np.nan), float("nan")
    largest = np.sort(finite)[-int(_tail_size(log_weight.size)) - 1 :]
    if np.ptp(largest) < _TIED:
        return raw, 0.0
    # arviz_stats takes log likelihoods as leave-one-out does, and negates them itself
    with np.errstate(over="ignore"):  # weights of a hopeless fit span more than a double
        smoothed, k_hat = array_stats.psislw(-log_weight)
    return np.exp(np.asarray(smoothed, dtype=np.float64)), float(k_hat)


def systematic(weights: Floats, n: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Choose draws that stand for weighted ones, by systematic resampling (Kitagawa 1996).

    Parameters
    ----------
    weights : ndarray (n_draws,)
        Finite, of sum 1.
    n : int
        How many of equal weight.
    rng : Generator
        Decides the offset and the order.

    Returns
    -------
    ndarray (n,)
        Numbers of draws, each about `n` times its weight often.
    """
    edges = np.cumsum(weights)
    at = (np.arange(n) + rng.random()) / n * edges[-1]
    return rng.permutation(np.searchsorted(edges, at))

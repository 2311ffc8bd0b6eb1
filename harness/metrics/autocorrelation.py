"""ESS and R-hat of many quantities at once, draws shaped (quantity, chain, draw).

The estimators, and the order in which they add numbers up, are those of arviz_stats, which takes
quantities one after another; here only the loop over quantities is another one, about five times
as fast.  A test holds the two together to the last digit.
"""

from functools import lru_cache

import numpy as np
from scipy.stats import norm, rankdata

from harness.metrics.draws import Floats, array_stats

# Blom's (1958) offset of ranks, and lags that are averaged over chains at a time.
_BLOM = 3 / 8
_LAGS_AT_ONCE = 64


def split_chains(values: Floats) -> Floats:
    """Cut every chain into halves, dropping the middle draw of an odd number.

    Parameters
    ----------
    values : array (quantity, chain, draw)

    Returns
    -------
    ndarray (quantity, 2 * chain, draw // 2)
    """
    values = np.ascontiguousarray(values)  # the order of sums follows from that of memory
    half = values.shape[-1] // 2
    return np.concatenate([values[..., :half], values[..., -half:]], axis=1)


def rank_normalise(values: Floats) -> Floats:
    """Replace the draws of each quantity by normal scores of their ranks, ties by their mean.

    Parameters
    ----------
    values : array (quantity, chain, draw)

    Returns
    -------
    ndarray, same shape
    """
    flat = values.reshape(len(values), -1)
    n = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ranks = np.empty(flat.shape)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1.0, n + 1), flat.shape), axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    for j in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
        ranks[j] = rankdata(flat[j])
    # a mean rank is a multiple of one half
    return _scores(n)[(2 * ranks).astype(np.intp) - 2].reshape(values.shape)


@lru_cache(maxsize=8)
def _scores(n: int) -> Floats:
    """Return the normal scores of the ranks 1, 1.5, 2, ..., n."""
    ranks = np.arange(2, 2 * n + 1) / 2
    scores: Floats = norm.ppf((ranks - _BLOM) / (n - 2 * _BLOM + 1))
    return scores


def effective_size(values: Floats) -> Floats:
    """Effective number of draws for the mean of each quantity, by Geyer's initial sequences.

    Parameters
    ----------
    values : array (quantity, chain, draw)
        As they are: split them first.

    Returns
    -------
    ndarray (quantity,)
        The number of draws itself where all are equal; NaN where one is.

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16(2), section 3; Geyer (1992), Statistical Science 7.
    """
    n_draws = values.shape[-1]
    size = values.shape[1] * n_draws
    covariance: Floats = array_stats.autocov(values, axis=-1)
    within = _chain_mean(covariance[..., 0]) * n_draws / (n_draws - 1.0)
    total = within * (n_draws - 1.0) / n_draws
    if values.shape[1] > 1:
        total = total + np.var(values.mean(axis=2), axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = _integrated_time(covariance, within, total)
        sizes = size / np.maximum(tau, 1 / np.log10(size))
    flat = values.reshape(len(values), -1)
    is_constant = np.ptp(flat, axis=1) < np.finfo(float).resolution
    return np.where(is_constant, size, np.where(np.isnan(total), np.nan, sizes))


def _chain_mean(values: Floats) -> Floats:
    """Average over axis 1, the chains, in the order in which one quantity's are averaged."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)).mean(axis=-1)


def _integrated_time(covariance: Floats, within: Floats, total: Floats) -> Floats:
    """Sum autocorrelations up to where the sum of a pair of lags is no longer positive."""
    rho, n_pairs = _positive_sequence(covariance, within, total)
    _make_monotone(rho, n_pairs)
    sums = np.array([row[: 2 * n].sum() for row, n in zip(rho, n_pairs, strict=True)])
    return -1.0 + 2.0 * sums + rho[np.arange(len(rho)), 2 * n_pairs]


def _positive_sequence(
    covariance: Floats, within: Floats, total: Floats
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return autocorrelations, and by quantity the number of pairs before the first negative one.

    Of that one the even lag is left, if it is positive, and the odd one is 0.
    """
    count, _, n_draws = covariance.shape
    rho = np.zeros((count, n_draws + 2))
    # pairs of lags (0, 1), (2, 3), ...; the last that may be looked at
    last = max(0, (n_draws - 3) // 2)
    n_pairs = np.full(count, last, dtype=np.intp)
    is_open = np.ones(count, dtype=bool)
    for start in range(0, 2 * last + 2, _LAGS_AT_ONCE):
        lags = slice(start, min(start + _LAGS_AT_ONCE, 2 * last + 2))
        part = 1.0 - (within[:, None] - _chain_mean(covariance[:, :, lags])) / total[:, None]
        if start == 0:
            part[:, 0] = 1.0
        rho[is_open, lags] = part[is_open]
        sums = part[:, 0::2] + part[:, 1::2]
        # as a comparison with NaN is false, an unknown sum ends the sequence too
        ends = is_open & ~(sums > 0).all(axis=1)
        n_pairs[ends] = start // 2 + np.argmin(sums[ends] > 0, axis=1)
        is_open &= ~ends
        if not is_open.any():
            break
    at = np.arange(count)
    even, odd = rho[at, 2 * n_pairs], rho[at, 2 * n_pairs + 1]
    rho[at, 2 * n_pairs] = np.where((even > 0) | (even + odd >= 0) | np.isnan(even), even, 0.0)
    return rho, n_pairs


def _make_monotone(rho: Floats, n_pairs: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
    """Let no pair of lags be larger than the one before it, in place."""
    for pair in range(1, int(n_pairs.max(initial=0))):
        even, odd = 2 * pair, 2 * pair + 1
        before = rho[:, even - 2] + rho[:, odd - 2]
        larger = (pair < n_pairs) & (rho[:, even] + rho[:, odd] > before)
        rho[larger, even] = rho[larger, odd] = before[larger] / 2.0


def rank_r_hat(values: Floats, *, ranked: Floats | None = None) -> Floats:
    """Rank-normalised split R-hat, the larger of the bulk and the tail version.

    Parameters
    ----------
    values : array (quantity, chain, draw)
        Of at least two chains and four draws.
    ranked : array, optional
        The split chains, rank-normalised, if they are known already.

    Returns
    -------
    ndarray (quantity,)
    """
    split = split_chains(values)
    middle = np.median(split.reshape(len(split), -1), axis=1)
    bulk = _plain_r_hat(rank_normalise(split) if ranked is None else ranked)
    tail = _plain_r_hat(rank_normalise(abs(split - middle[:, None, None])))
    return np.where(tail > bulk, tail, bulk)


def _plain_r_hat(values: Floats) -> Floats:
    """R-hat of the draws as they are."""
    n_draws = values.shape[-1]
    between = n_draws * np.var(values.mean(axis=2), axis=1, ddof=1)
    within = np.var(values, axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + n_draws - 1) / n_draws), dtype=np.float64)

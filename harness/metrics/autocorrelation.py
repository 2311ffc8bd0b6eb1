"""ESS and R-hat of many quantities at once, draws shaped (quantity, chain, draw).

The estimators are those of arviz_stats, which takes quantities one after another and all lags by
Fourier transforms.  Geyer's sequences rarely need more than a few lags, which sums of products
give in a tenth of the time.  A test holds the two together up to rounding.
"""

from functools import lru_cache

import numpy as np
from scipy.stats import norm

from harness.metrics.draws import Floats, array_stats

# Blom's (1958) offset of ranks.
_BLOM = 3 / 8
# Lags of all quantities; the sequences of few go on, and these get all lags.
_FIRST_LAGS = 16
# A variance, far above that of draws which differ by rounding alone.
_TINY = 1e-20

_Counts = np.ndarray[tuple[int], np.dtype[np.intp]]


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
        # all draws around a median have a tie, so that this has to be fast
        first = np.flatnonzero(np.diff(ordered[j], prepend=np.nan) != 0)
        counts = np.diff(first, append=n)
        ranks[j, order[j]] = np.repeat(first + (counts + 1) / 2, counts)
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
    means = values.mean(axis=2)
    covariance = _first_lags(values - means[..., None])
    within = _chain_mean(covariance[..., 0]) * n_draws / (n_draws - 1.0)
    total = within * (n_draws - 1.0) / n_draws
    if values.shape[1] > 1:
        total = total + np.var(means, axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau, is_open = _integrated_time(covariance, within, total, n_draws=n_draws)
        if is_open.any():
            covariance = array_stats.autocov(values[is_open], axis=-1)
            tau[is_open], _ = _integrated_time(
                covariance, within[is_open], total[is_open], n_draws=n_draws
            )
        sizes = size / np.maximum(tau, 1 / np.log10(size))
    is_constant = np.zeros(len(values), dtype=bool)
    for j in np.flatnonzero(total < _TINY):  # draws that vary by more have a larger variance
        is_constant[j] = np.ptp(values[j]) < np.finfo(float).resolution
    return np.where(is_constant, size, np.where(np.isnan(total), np.nan, sizes))


def _first_lags(centred: Floats) -> Floats:
    """Autocovariances of the first lags, shape (quantity, chain, lag)."""
    n_draws = centred.shape[-1]
    # sums of numpy's own, which are the same for any number of threads
    sums = [
        np.einsum("qcd,qcd->qc", centred[..., : n_draws - lag], centred[..., lag:])
        for lag in range(min(_FIRST_LAGS, n_draws))
    ]
    covariance: Floats = np.stack(sums, axis=-1) / n_draws
    return covariance


def _chain_mean(values: Floats) -> Floats:
    """Average over axis 1, the chains, in the order in which one quantity's are averaged."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)).mean(axis=-1)


def _integrated_time(
    covariance: Floats, within: Floats, total: Floats, *, n_draws: int
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Sum autocorrelations up to where the sum of a pair of lags is no longer positive.

    Returns
    -------
    tuple of ndarray (quantity,)
        The sums, and whether they end for want of further lags alone.
    """
    rho, n_pairs, is_open = _positive_sequence(covariance, within, total, n_draws=n_draws)
    _make_monotone(rho, n_pairs)
    counts = np.arange(rho.shape[1]) < 2 * n_pairs[:, None]
    sums = np.where(counts, rho, 0.0).sum(axis=1)
    return -1.0 + 2.0 * sums + rho[np.arange(len(rho)), 2 * n_pairs], is_open


def _positive_sequence(
    covariance: Floats, within: Floats, total: Floats, *, n_draws: int
) -> tuple[Floats, _Counts, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return autocorrelations, and by quantity the number of pairs before the first negative one.

    Of that one the even lag is left, if it is positive, and the odd one is 0.  What is returned
    last tells quantities that want more lags.
    """
    # pairs of lags (0, 1), (2, 3), ...; the last that may be looked at
    last = max(0, (n_draws - 3) // 2)
    n_known = min(covariance.shape[-1] // 2, last + 1)
    rho = np.zeros((len(covariance), 2 * n_known + 2))
    part = rho[:, : 2 * n_known]
    part[:] = 1.0 - (within[:, None] - _chain_mean(covariance[..., : 2 * n_known])) / total[:, None]
    part[:, 0] = 1.0
    # as a comparison with NaN is false, an unknown sum ends the sequence too
    is_positive = part[:, 0::2] + part[:, 1::2] > 0
    is_endless = is_positive.all(axis=1)
    n_pairs = np.where(is_endless, last, np.argmin(is_positive, axis=1))
    is_open = is_endless & (n_known <= last)
    n_pairs[is_open] = n_known
    at = np.arange(len(rho))
    even, odd = rho[at, 2 * n_pairs], rho[at, 2 * n_pairs + 1]
    rho[at, 2 * n_pairs] = np.where((even > 0) | (even + odd >= 0) | np.isnan(even), even, 0.0)
    return rho, n_pairs, is_open


def _make_monotone(rho: Floats, n_pairs: _Counts) -> None:
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
    bulk = _plain_r_hat(rank_normalise(split_chains(values)) if ranked is None else ranked)
    tail = _plain_r_hat(folded(values))
    return np.where(tail > bulk, tail, bulk)


def folded(values: Floats) -> Floats:
    """Distances from the median of split chains, rank-normalised.

    Parameters
    ----------
    values : array (quantity, chain, draw)

    Returns
    -------
    ndarray (quantity, split chain, draw)
    """
    split = split_chains(values)
    middle = np.median(split.reshape(len(split), -1), axis=1)
    return rank_normalise(abs(split - middle[:, None, None]))


def _plain_r_hat(values: Floats) -> Floats:
    """R-hat of the draws as they are."""
    n_draws = values.shape[-1]
    between = n_draws * np.var(values.mean(axis=2), axis=1, ddof=1)
    within = np.var(values, axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + n_draws - 1) / n_draws), dtype=np.float64)

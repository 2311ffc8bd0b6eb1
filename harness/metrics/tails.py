"""Shapes of the tails of several quantities at once; of each, the same whatever others there are.

arviz_stats has them one by one, at half a millisecond of calls each.
"""

import numpy as np
from scipy.special import logsumexp

from harness.metrics.draws import Floats

# Fewer draws than five have no tail, and a small sample's is a fifth of it.
_FEWEST_DRAWS = 25
_SMALL_SAMPLE = 225
# Priors of Zhang and Stephens: on the scale; on the shape, with its mean and its worth in draws.
_PRIOR_SCALE, _PRIOR_DRAWS, _PRIOR_SHAPE = 3, 10, 0.5
# Weights below this part of all are taken for none.
_NEGLIGIBLE = 10 * np.finfo(float).eps


def tail_shapes(draws: Floats, *, both: bool) -> Floats:
    """Shapes of the tails of independent draws: 1 / shape moments are finite.

    Parameters
    ----------
    draws : array (quantity, draw)
    both : bool
        Whether the left tail counts too, if its shape is larger.

    Returns
    -------
    ndarray (quantity,)
        NaN where all draws in a tail are equal, or there are too few.

    References
    ----------
    Zhang and Stephens (2009), Technometrics 51(3); Vehtari et al. (2024), Pareto smoothed
    importance sampling, JMLR 25(72), as in arviz_stats.
    """
    n_draws = draws.shape[1]
    if n_draws < _FEWEST_DRAWS:
        return np.full(len(draws), np.nan)
    n_tail = int(3 * np.sqrt(n_draws)) if n_draws > _SMALL_SAMPLE else n_draws // 5
    ordered = np.sort(draws, axis=1)
    right = _right_shapes(ordered[:, -n_tail - 1 :])
    if not both:
        return right
    left = _right_shapes(-ordered[:, n_tail::-1])
    return np.where(np.isnan(left) | np.isnan(right), np.nan, np.maximum(left, right))


def _right_shapes(ordered: Floats) -> Floats:
    """Fit generalised Pareto distributions to ordered tails, behind the draw before each."""
    excess = ordered[:, 1:] - ordered[:, :1]
    is_equal = excess[:, -1] - excess[:, 0] < np.finfo(float).tiny
    with np.errstate(all="ignore"):
        shapes = _pareto_shapes(np.ascontiguousarray(excess))
    return np.where(is_equal, np.nan, shapes)


def _pareto_shapes(excess: Floats) -> Floats:
    """Estimate shapes by the posterior mean of each scale, under a prior on the shape.

    Infinite where the estimate is not a number, NaN where a quarter of a tail is one value.
    """
    n_tail = excess.shape[1]
    n_scales = 30 + int(np.sqrt(n_tail))
    quartile = excess[:, int(n_tail / 4 + 0.5) - 1]
    steps = 1 - np.sqrt(n_scales / (np.arange(1, n_scales + 1) - 0.5))
    scales = steps / (_PRIOR_SCALE * quartile[:, None]) + 1 / excess[:, -1:]
    shapes = np.log1p(-scales[:, :, None] * excess[:, None, :]).mean(axis=2)
    log_weight = n_tail * (np.log(-scales / shapes) - shapes - 1)
    weights = np.exp(log_weight - logsumexp(log_weight, axis=1, keepdims=True))
    counts = weights >= _NEGLIGIBLE
    total = np.where(counts, weights, 0.0).sum(axis=1)
    scale = np.where(counts, scales * weights, 0.0).sum(axis=1) / np.where(total > 0, total, 1.0)
    shape = np.log1p(-scale[:, None] * excess).mean(axis=1)
    shape = (n_tail * shape + _PRIOR_DRAWS * _PRIOR_SHAPE) / (n_tail + _PRIOR_DRAWS)
    shape = np.where(np.isnan(shape), np.inf, shape)
    return np.where(quartile <= excess[:, 0], np.nan, shape)

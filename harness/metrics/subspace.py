"""Some combinations of very many parameters, where there are too few draws for all of them."""

import numpy as np

from harness.metrics.batch import batches_of
from harness.metrics.draws import Floats

#: Two sets of draws, one of which chose what the other judges.
Halves = tuple[Floats, Floats]

#: Of more parameters than this the matrices take too long.
MOST_PARAMETERS = 600
#: Effective draws that each parameter needs: then a combination that has collapsed is found.
_DRAWS_PER_PARAMETER = 1.9
#: Combinations that are looked at otherwise, and draws that give them.
_N_COMBINATIONS = 20
_MOST_DRAWS = 500
#: Parameters whose effective sample sizes are looked at.
_N_LOOKED_AT = 32
#: Parameters whose deviations fit into a processor's cache.
_AT_ONCE = 64


def carries_all(draws: Floats) -> bool:
    """Whether there are draws enough to judge all combinations of the parameters.

    Parameters
    ----------
    draws : ndarray (n_draws, d) or (chain, draw, d)

    Returns
    -------
    bool
    """
    d = draws.shape[-1]
    return bool(d <= MOST_PARAMETERS and effective_draws(draws) >= _DRAWS_PER_PARAMETER * d)


def effective_draws(draws: Floats) -> float:
    """Return about how many independent draws some draws are worth, on average over parameters."""
    count = float(draws[..., 0].size)
    if draws.ndim == 2:
        return count
    some = draws[..., np.linspace(0, draws.shape[-1] - 1, _N_LOOKED_AT).astype(int)]
    worth = [
        (batch.sd[batch.varies] / batch.mean_mcse[batch.varies]) ** 2 for batch in batches_of(some)
    ]
    known = np.concatenate(worth)
    return float(min(np.mean(known), count)) if np.isfinite(known).any() else count


def leading_combinations(
    draws: Floats, reference: Floats, *, slopes: Floats | None = None
) -> tuple[Halves, Halves]:
    r"""Express draws in combinations that the first half of them gives.

    The combinations are those that vary most among the draws and among the reference, ten of
    each, in the reference's sds of the parameters. Of two Gaussians with covariances
    :math:`\Sigma_q` and :math:`\Sigma_p` the gradients of the log densities differ by
    :math:`(\Sigma_q^{-1} - \Sigma_p^{-1})(x - \mu)`: where few combinations have a wrong variance,
    the differences at a few draws are those very combinations, which no number of draws below that
    of the parameters tells.

    Parameters
    ----------
    draws, reference : ndarray (n_draws, d) or (chain, draw, d)
    slopes : ndarray (k, d), optional
        Gradient of the log density of the posterior minus that of the approximation, at some draws
        of the first half.

    Returns
    -------
    draws, reference : tuple of ndarray, each (n, k) or (chain, n, k)
        The half of each that gave the combinations, at most 30, and the other half.
    """
    rows = reference.reshape(-1, reference.shape[-1])
    centre = rows.mean(axis=0)
    columns = range(0, rows.shape[1], _AT_ONCE)
    sd = np.concatenate([rows[:, j : j + _AT_ONCE].std(axis=0, ddof=1) for j in columns])
    sd = np.where(sd > 0, sd, 1.0)
    halves = [np.split(each, [each.shape[-2] // 2], axis=-2) for each in (draws, reference)]
    found = [_leading(early, sd) for early, _ in halves]
    if slopes is not None:
        found.append(_steepest(slopes * sd))
    directions = np.concatenate(found)
    basis = np.linalg.qr(directions.T)[0] / sd[:, None]
    x, r = (
        (early @ basis - centre @ basis, late @ basis - centre @ basis) for early, late in halves
    )
    return x, r


def _leading(draws: Floats, sd: Floats) -> Floats:
    """Return the leading principal components in these units, shape (k, d)."""
    rows = draws.reshape(-1, draws.shape[-1])
    rows = rows[:: -(-len(rows) // _MOST_DRAWS)] / sd
    return _steepest(rows - rows.mean(axis=0))


def _steepest(rows: Floats) -> Floats:
    """Return the leading directions of some rows, shape (k, d), each of its own length."""
    values, vectors = np.linalg.eigh(rows @ rows.T)
    kept = vectors[:, -_N_COMBINATIONS // 2 :][:, values[-_N_COMBINATIONS // 2 :] > 0]
    return np.asarray(kept.T @ rows)

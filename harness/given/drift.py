"""Whether chains that agree with each other are of a given posterior at all.

For draws x of a density p with the score g = grad log p, Stein's identities hold: the mean of g is
0, and that of (x - mean) g' is minus the identity matrix.  With the draws' own covariance both tell
how far off means and sds are; for Gaussians this is exact.  Gorham and Mackey (2015), NIPS 28.
"""

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.evidence.judge import SD_LIMIT_LOG
from harness.fits.fit import DrawKind
from harness.fits.quantities import scalars
from harness.given.given import Given
from harness.messages.numerals import beside_limit
from harness.methods.metered import DensityFunction
from harness.methods.scales import element_table
from harness.metrics.batch import Batch
from harness.program.log_density import Density
from harness.summary.reference import chain_problems
from harness.verdict.rules import MEAN_LIMIT_SD

#: Draws of all chains that are looked at, at most, and how many there must be for each parameter.
_MOST_DRAWS, _DRAWS_PER_PARAMETER = 1000, 5
#: Of so many parameters none is that many errors beyond the limit by chance.
_ERRORS = 5.0
#: Pairs of draws between which the score is integrated, and the points for each.
_N_PAIRS, _N_NODES = 40, 12
#: The integral is the difference of the log densities up to so many nats, for most pairs.
_SAME_NATS, _MOST = 0.5, 0.9


def check_drift(fit: Given, density: Density, *, program: str) -> None:
    """Refuse chains that pass their own checks but are of another posterior.

    Nothing is said of chains that do not pass them, of draws that cannot be put on the
    unconstrained scale, and where the program's gradients are not those of its density, as with
    steps in it.

    Parameters
    ----------
    fit : Given
    density : Density
        Of the program with all its data, without unit vectors.
    program : str
        What messages call it.

    Raises
    ------
    DrawsError
    """
    if fit.draw_kind is not DrawKind.CHAINS or fit.diagnostics.n_divergent:
        return
    elements = scalars(fit.variables)
    table = element_table(elements, density.variable_names())
    if isinstance(table, str) or not all(np.isfinite(each).all() for each in elements.values()):
        return
    n_chains, n_draws = next(iter(elements.values())).shape
    stride = max(1, -(-n_chains * n_draws // _MOST_DRAWS))
    own = table.reshape(n_chains, n_draws, -1)[:, ::stride]
    positions = density.unconstrain(own.reshape(-1, own.shape[-1]))
    if not np.isfinite(positions).all() or chain_problems(elements):
        return
    told = drifted(positions.reshape(n_chains, -1, positions.shape[-1]), density)
    if told:
        raise DrawsError(
            f"{fit.title} is not of the posterior of '{program}' with these data, or misses a "
            f"part of it, though its chains agree: {told}; give the data that the draws were made "
            "from"
        )


def drifted(points: FloatArray, density: DensityFunction) -> str:
    """Say what the scores at chains show to be wrong.

    Parameters
    ----------
    points : ndarray, shape (chain, draw, d)
        On the unconstrained scale.
    density : DensityFunction

    Returns
    -------
    str
        A clause; empty if nothing is certainly wrong, or if it cannot be known.
    """
    flat = points.reshape(-1, points.shape[-1])
    n, d = flat.shape
    if n < _DRAWS_PER_PARAMETER * d or not _is_gradient(flat, density):
        return ""
    score = density.gradient(flat).gradient
    off = flat - flat.mean(axis=0)
    sd = off.std(axis=0)
    if not np.isfinite(score).all() or not (sd > 0).all():
        return ""
    covariance = np.cov(flat, rowvar=False).reshape(d, d)
    step = score @ covariance / sd
    steps = _means(step, points.shape)
    gap = np.abs(steps[0]) - _ERRORS * steps[1]
    if gap.max() > MEAN_LIMIT_SD:
        value, limit = beside_limit(float(np.abs(steps[0])[np.argmax(gap)]), MEAN_LIMIT_SD)
        return f"by the gradients at the draws a mean is {value} sds off (limit {limit})"
    variances = _means(-off / sd * step, points.shape)
    ratios = [np.maximum(variances[0] + side * _ERRORS * variances[1], 1e-9) for side in (-1, 1)]
    low, high = (float(end) for end in (np.log(ratios[0]).max() / 2, np.log(ratios[1]).min() / 2))
    if max(low, -high) > SD_LIMIT_LOG:
        value, limit = beside_limit(max(low, -high), SD_LIMIT_LOG)
        return (
            "by the gradients at the draws the logarithm of an sd's ratio is more than "
            f"{value} off (limit {limit})"
        )
    return ""


def _means(values: FloatArray, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Return means over draws, shape (d,), and their Monte Carlo errors."""
    batch = Batch(np.moveaxis(values.reshape(shape), -1, 0))
    return batch.mean, batch.mean_mcse


def _is_gradient(flat: FloatArray, density: DensityFunction) -> bool:
    """Whether gradients between draws add up to the differences of their log densities."""
    order = np.random.default_rng(1).permutation(len(flat))[: 2 * _N_PAIRS]
    begin, end = flat[order[: len(order) // 2 * 2 : 2]], flat[order[1::2]]
    nodes, weights = np.polynomial.legendre.leggauss(_N_NODES)
    along = (end - begin)[:, None]
    between = begin[:, None] + (nodes[:, None] + 1) / 2 * along
    slopes = np.sum(
        density.gradient(between.reshape(-1, flat.shape[1])).gradient.reshape(between.shape)
        * along,
        axis=2,
    )
    rise = density.log_density(end) - density.log_density(begin)
    return bool(np.mean(np.abs(slopes @ weights / 2 - rise) < _SAME_NATS) > _MOST)

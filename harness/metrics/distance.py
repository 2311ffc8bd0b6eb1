"""Distances between the joint distributions of an approximation and a reference: moments, slices.

All of these first express both sets of draws in the reference's own units (`whiten`), so that no
change of units or linear change of parameters alters them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.draws import Estimate, Floats, flatten
from harness.metrics.whitening import MeanErrors, Whitening, whiten, whitened


@dataclass(frozen=True, kw_only=True)
class MeanDistance:
    """Mahalanobis distance of the mean, without what Monte Carlo error adds to it.

    Attributes
    ----------
    distance : float
        In reference sds of the linear combination of parameters whose mean is worst off.
    mcse : float
        Its Monte Carlo standard error.
    """

    distance: float
    mcse: float


def mahalanobis(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> MeanDistance:
    r"""Mahalanobis distance of the mean.

    :math:`\sqrt{(\bar x - \bar r)^T \Sigma_r^{-1} (\bar x - \bar r)}`: the largest mean error of
    any linear combination of the parameters, in that combination's reference sd. Monte Carlo error
    adds to its square the squared MCSEs of all whitened coordinates, which are subtracted: of
    exact draws the square is 0 up to its error, whatever d is. That the covariance is estimated
    from effectively m draws makes its inverse too large by :math:`1 / (1 - d/m)`, which is
    corrected.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.

    Returns
    -------
    MeanDistance

    Raises
    ------
    HarnessError
        As `whiten` does.

    References
    ----------
    Mahalanobis (1936), On the generalised distance in statistics; the mean of an inverse Wishart
    matrix in Mardia, Kent and Bibby (1979), Multivariate analysis, section 3.4.
    """
    x, white = whitened(draws, reference)
    return white_mahalanobis(x, white, MeanErrors.of(x))


def white_mahalanobis(x: Floats, white: Whitening, errors: MeanErrors) -> MeanDistance:
    """`mahalanobis` of draws that are whitened already, with the errors of their means."""
    inflation = max(1 - x.shape[-1] / white.errors.n_effective, 0.0)
    variances = errors.variances + white.errors.variances
    squares = (flatten(x).mean(axis=0) - flatten(white.reference).mean(axis=0)) ** 2
    square = max(float(np.sum(squares - variances)), 0.0)
    spread = 2 * variances**2 + 4 * np.maximum(squares - variances, 0.0) * variances
    # of the root at 0 there is no derivative: half of the way to the root two errors up
    distance = np.sqrt(square)
    mcse = (np.sqrt(square + 2 * np.sqrt(spread.sum())) - distance) / 2
    scale = np.sqrt(inflation)
    return MeanDistance(distance=float(scale * distance), mcse=float(scale * mcse))


def sliced_wasserstein(
    draws: npt.ArrayLike,
    *,
    reference: npt.ArrayLike,
    rng: np.random.Generator,
    n_projections: int = 200,
) -> Estimate:
    r"""Sliced Wasserstein-2 distance of the whitened draws.

    :math:`\sqrt{E_u\, W_2^2(u^T x, u^T r)}` over random unit vectors u.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.
    rng : numpy.random.Generator
        Draws the directions.
    n_projections : int
        Number of directions.

    Returns
    -------
    Estimate
        In reference sds; a shift by a vector delta alone gives its length over root d. The MCSE
        is the directions' only (0 for d = 1); the draws' own error biases the value upwards.

    Raises
    ------
    HarnessError
        As `whiten` does.

    References
    ----------
    Bonneel, Rabin, Peyre and Pfister (2015), Sliced and Radon Wasserstein barycenters of measures.
    """
    x, r = whiten(draws, reference=reference)
    return white_sliced_wasserstein(x, r, rng=rng, n_projections=n_projections)


def white_sliced_wasserstein(
    x: Floats, r: Floats, *, rng: np.random.Generator, n_projections: int = 200
) -> Estimate:
    """`sliced_wasserstein` of draws that are whitened already."""
    directions = rng.standard_normal((x.shape[-1], n_projections))
    directions /= np.linalg.norm(directions, axis=0)
    squares = _squared_w2(flatten(x) @ directions, flatten(r) @ directions)
    value = float(np.sqrt(squares.mean()))
    error = float(np.std(squares, ddof=1) / np.sqrt(n_projections))
    return Estimate(value=value, mcse=error / (2 * value) if value > 0 else 0.0)


def _squared_w2(x: Floats, r: Floats) -> Floats:
    """Squared Wasserstein-2 distance of each pair of columns, exact for unequal lengths."""
    x, r = np.sort(x, axis=0), np.sort(r, axis=0)
    levels_x, levels_r = (np.arange(1, len(v) + 1) / len(v) for v in (x, r))
    levels = np.union1d(levels_x, levels_r)
    mass = np.diff(levels, prepend=0.0)
    middle = levels - mass / 2
    gaps = x[np.searchsorted(levels_x, middle)] - r[np.searchsorted(levels_r, middle)]
    return np.asarray(mass @ gaps**2, dtype=np.float64)

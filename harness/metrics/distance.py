"""Distances between the joint distributions of an approximation and a reference: moments, slices.

All of these first express both sets of draws in the reference's own units (`whiten`), so that no
change of units or linear change of parameters alters them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import eigsh
from scipy.stats import chi2

from harness.metrics.draws import Estimate, Floats, flatten
from harness.metrics.whitening import MeanErrors, Whitening, whiten, whitened

# Of larger matrices the extreme eigenvalue is found by iteration.
_DENSE_SIZE = 200


@dataclass(frozen=True, kw_only=True)
class MeanDistance:
    """Mahalanobis distance of the mean, and what Monte Carlo error alone would make of it.

    Attributes
    ----------
    distance : float
        In reference sds of the linear combination of parameters whose mean is worst off.
    null_95 : float
        95% quantile of `distance` if both means were the same.
    """

    distance: float
    null_95: float


@dataclass(frozen=True, kw_only=True)
class CovarianceError:
    """Error of the covariance, and what Monte Carlo error alone would make of it.

    Attributes
    ----------
    error : float
        Largest relative error of the variance of any linear combination of the parameters.
    null_95 : float
        About the 95% quantile of `error` if both covariances were the same.
    """

    error: float
    null_95: float


def mahalanobis(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> MeanDistance:
    r"""Mahalanobis distance of the mean.

    :math:`\sqrt{(\bar x - \bar r)^T \Sigma_r^{-1} (\bar x - \bar r)}`: the largest mean error of
    any linear combination of the parameters, in that combination's reference sd. Under equal means
    its square is about a scaled chi-square of d degrees of freedom; the scale is the mean over
    whitened coordinates of the two squared MCSEs.

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
    Mahalanobis (1936), On the generalised distance in statistics.
    """
    x, white = whitened(draws, reference)
    return white_mahalanobis(x, white, MeanErrors.of(x))


def white_mahalanobis(x: Floats, white: Whitening, errors: MeanErrors) -> MeanDistance:
    """`mahalanobis` of draws that are whitened already, with the errors of their means."""
    d = x.shape[-1]
    variances = errors.variances + white.errors.variances
    null = np.sqrt(np.mean(variances) * chi2.ppf(0.95, d))
    error = flatten(x).mean(axis=0) - flatten(white.reference).mean(axis=0)
    return MeanDistance(distance=float(np.linalg.norm(error)), null_95=float(null))


def whitened_covariance_error(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> CovarianceError:
    r"""Spectral norm of the covariance error in whitened coordinates.

    :math:`\| L^{-1} \Sigma_x L^{-T} - I \|_2` with :math:`L L^T = \Sigma_r`; at most 1 where the
    approximation is too narrow. Its null quantile comes from the upper edge of the spectrum of
    :math:`\Sigma_r^{-1} \Sigma_x` for equal true covariances and effectively n and m independent
    draws, :math:`((1 + \sqrt{y + z - y z}) / (1 - z))^2 - 1` with :math:`y = d'/n, z = d'/m`; for
    the largest root's spread about the edge, :math:`d' = (\sqrt d + 1/2)^2` stands for d.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.

    Returns
    -------
    CovarianceError
        No unit; infinite `null_95` where the reference has effectively no more than d draws.

    Raises
    ------
    HarnessError
        As `whiten` does.

    References
    ----------
    The affine-invariant form of the covariance error that Huggins, Kasprzak, Campbell and
    Broderick (2020), Validated variational inference via practical posterior error bounds, bound;
    the spectrum's edge by Silverstein (1985), Journal of Multivariate Analysis 16, on F matrices;
    the half is the 95% point of the spread in Johnstone (2001), Annals of Statistics 29(2).
    """
    x, white = whitened(draws, reference)
    return white_covariance_error(x, white, MeanErrors.of(x))


def white_covariance_error(x: Floats, white: Whitening, errors: MeanErrors) -> CovarianceError:
    """`whitened_covariance_error` of draws that are whitened already."""
    d = x.shape[-1]
    covariance = np.atleast_2d(np.cov(flatten(x), rowvar=False))
    d_edge = (np.sqrt(d) + 0.5) ** 2
    y, z = d_edge / errors.n_effective, d_edge / white.errors.n_effective
    edge = ((1 + np.sqrt(max(y + z - y * z, 0.0))) / (1 - z)) ** 2 if z < 1 else np.inf
    error = _spectral_norm(covariance - np.eye(d))
    return CovarianceError(error=error, null_95=float(edge - 1))


def _spectral_norm(matrix: Floats) -> float:
    """Return the largest eigenvalue of a symmetric matrix, in absolute value."""
    if len(matrix) <= _DENSE_SIZE:
        return float(np.linalg.norm(matrix, ord=2))
    start = np.ones(len(matrix))  # the default is random
    values = eigsh(matrix, k=1, which="LM", v0=start, tol=1e-9, return_eigenvectors=False)
    return float(np.abs(values).max())


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

"""How much longer the posterior is in some direction than in another, by its curvature at a point.

A metric of sds alone makes trajectories as much longer.  The ends of the spectrum come from the
Lanczos process, which takes a few products with the Hessian (Lanczos 1950); the whole Hessian, for
a dense metric, takes one for each parameter, and pays where the spectrum is wide.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, eigh_tridiagonal, solve_triangular

from harness.data.dataset import FloatArray
from harness.messages.numerals import numeral
from harness.methods.ascent import Ascended
from harness.methods.metered import Metered
from harness.methods.pool import expected_gradients, least_leapfrog

#: Steps of the Lanczos process.
_N_STEPS = 24
#: Directions that differ by less are no trouble for a metric of sds.
_WIDE = 6.0
#: So many parameters may have a dense metric, whose products cost more than a gradient in the end.
_MOST_DENSE = 2000


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Curvature in the units of a metric of sds.

    Attributes
    ----------
    stiffest : float
        The root of the largest curvature: by so much the narrowest direction is narrower than 1.
    ratio : float
        By how much the widest direction is wider than the narrowest, at least; infinity where the
        curvature is not definite.
    """

    stiffest: float
    ratio: float

    @property
    def is_wide(self) -> bool:
        """Whether a dense metric would shorten trajectories much."""
        return _WIDE < self.ratio < np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """What warm NUTS begins with after VI.

    Attributes
    ----------
    factor : ndarray, shape (d,) or (d, d)
        Sds, or the Cholesky factor of a covariance.
    stiffest : float
        By how much narrower than it the narrowest direction is.
    words : str
        How it was found.
    is_of_curvature : bool
        Whether it is the inverse of the curvature at the centre of VI.
    """

    factor: FloatArray
    stiffest: float = 1.0
    words: str = ""
    is_of_curvature: bool = False

    @property
    def covariance(self) -> FloatArray:
        """Variances, shape (d,), or the covariance."""
        return self.factor**2 if self.factor.ndim == 1 else self.factor @ self.factor.T


def metric_of(run: Ascended, target: Metered, rng: np.random.Generator, *, part: float) -> Metric:
    """Return a metric for chains from a run: that of its Gaussian, or one with correlations.

    Parameters
    ----------
    run : Ascended
    target : Metered
    rng : Generator
    part : float
        Of the gradients of NUTS at its defaults, that a Hessian may take.

    Returns
    -------
    Metric
        Of a mean-field Gaussian, the sds, if the curvature at its mean is about as wide in all
        directions; else the inverse of the curvature.
    """
    factor = run.gaussian.factor
    assert isinstance(factor, np.ndarray)  # noqa: S101 - low rank is not asked for
    if factor.ndim > 1:
        return Metric(factor=factor)
    centre, d = run.gaussian.mean, factor.size
    found = stretch(target, centre, factor, rng)
    words = f"; directions differ in width by a factor of {numeral(found.ratio, 2)} or more"
    with_sds = Metric(factor=factor, stiffest=found.stiffest, words=words if found.is_wide else "")
    limit = part * expected_gradients(least_leapfrog(d, found.ratio))
    if not found.is_wide or d > _MOST_DENSE or target.hessian_cost > limit:
        return with_sds
    dense = dense_factor(target, centre, factor)
    if dense is None:
        return with_sds
    return Metric(factor=dense, words=f"{words}, so that the metric is dense", is_of_curvature=True)


def stretch(
    target: Metered, point: FloatArray, sds: FloatArray, rng: np.random.Generator
) -> Stretch:
    """Look at the ends of the spectrum of the curvature.

    Parameters
    ----------
    target : Metered
    point : ndarray, shape (d,)
    sds : ndarray, shape (d,)
        The units.
    rng : Generator
        Decides where the Lanczos process starts.

    Returns
    -------
    Stretch
    """
    n_steps = min(_N_STEPS, point.size)
    basis = np.empty((n_steps, point.size))
    diagonal, beside = np.zeros(n_steps), np.zeros(n_steps)
    now = rng.standard_normal(point.size)
    now /= np.linalg.norm(now)
    for step in range(n_steps):
        basis[step] = now
        after = -sds * target.curvature(point, (sds * now)[None])[0]
        if not np.isfinite(after).all():
            return Stretch(stiffest=1.0, ratio=np.inf)
        diagonal[step] = now @ after
        for _ in range(2):  # once is not enough in floating point: Parlett (1998), section 6.9
            after = after - basis[: step + 1].T @ (basis[: step + 1] @ after)
        beside[step] = np.linalg.norm(after)
        if beside[step] < 1e-8:
            n_steps = step + 1
            break
        now = after / beside[step]
    values = eigh_tridiagonal(
        diagonal[:n_steps], beside[: n_steps - 1], eigvals_only=True, check_finite=False
    )
    low, high = float(values[0]), float(values[-1])
    stiffest = max(1.0, high) ** 0.5
    return Stretch(stiffest=stiffest, ratio=(high / low) ** 0.5 if low > 0 else np.inf)


def dense_factor(target: Metered, point: FloatArray, sds: FloatArray) -> FloatArray | None:
    """Return the lower Cholesky factor of the inverse of the curvature at a point.

    Parameters
    ----------
    target : Metered
    point : ndarray, shape (d,)
    sds : ndarray, shape (d,)
        Units in which the curvature is well scaled.

    Returns
    -------
    ndarray, shape (d, d), or None
        None where the curvature is not definite.
    """
    precision = -np.outer(sds, sds) * target.hessian(point)
    if not np.isfinite(precision).all():
        return None
    try:
        # P = U U' with U upper triangular, so that the lower inverse of its transpose is the factor
        flipped = cholesky(precision[::-1, ::-1], lower=True)
    except np.linalg.LinAlgError:
        return None
    upper = flipped[::-1, ::-1]
    lower = solve_triangular(upper.T, np.eye(point.size), lower=True)
    return np.asarray(sds[:, None] * lower, dtype=np.float64)

"""The Stein discrepancy of a fit, in units that all fits of a data set share."""

from collections.abc import Sequence

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import Fit
from harness.metrics.stein import KernelStein, kernel_stein_discrepancy

# A discrepancy of fewer points says nothing.
_MIN_POINTS = 10


def points_of(fit: Fit) -> tuple[FloatArray, FloatArray] | None:
    """Return some draws on the unconstrained scale with the gradients there, if these are known.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.

    Returns
    -------
    tuple of ndarray or None
        Both of shape (point, n_unconstrained).
    """
    points = fit.read_draws().get("points")
    if points is None or "gradient" not in points or points.sizes["point"] < _MIN_POINTS:
        return None
    return points["position"].to_numpy(), points["gradient"].to_numpy()


def slopes_of(fit: Fit, draws: FloatArray) -> FloatArray | None:
    """Return how the gradients of the posterior and of the approximation differ.

    Parameters
    ----------
    fit : Fit
        A fit that is ok, of independent draws.
    draws : ndarray, shape (draw, d)
        Its draws on the scale on which they are judged.

    Returns
    -------
    ndarray, shape (point, d), or None
        At some of the first half of the draws; None if one of the gradients is not known, or not on
        that scale.
    """
    points = fit.read_draws().get("points")
    if points is None or not {"gradient", "own_gradient", "draw"} <= set(points.variables):
        return None
    numbers, positions = points["draw"].to_numpy(), points["position"].to_numpy()
    early = numbers < len(draws) // 2
    same = draws[numbers[early]]
    if not early.any() or same.shape != positions[early].shape:
        return None
    if not np.allclose(same, positions[early], rtol=1e-6, atol=1e-6 * positions.std(axis=0)):
        return None
    slopes: FloatArray = (points["gradient"] - points["own_gradient"]).to_numpy()[early]
    return slopes


def stein_of(fit: Fit, scale: FloatArray) -> KernelStein | None:
    """Measure draws by the gradients of the log density.

    Parameters
    ----------
    fit : Fit
        A fit that is ok.
    scale : ndarray, shape (n_unconstrained,)
        The units, the same for all fits that are to be compared.

    Returns
    -------
    KernelStein or None
        None without gradients, or if a coordinate has no unit.
    """
    points = points_of(fit)
    if points is None or points[0].shape[1:] != scale.shape or not (scale > 0).all():
        return None
    positions, gradients = points
    return kernel_stein_discrepancy(positions, gradients=gradients, scale=scale)


def steins_of(fits: Sequence[Fit]) -> list[KernelStein | None]:
    """Measure the fits of a data set that has no reference, all in one scale.

    The scale is the median of the fits' sds, which a fit that has collapsed or diverged does not
    move.

    Parameters
    ----------
    fits : sequence of Fit
        Those of one program that are ok.

    Returns
    -------
    list of KernelStein or None
        See :func:`stein_of`.
    """
    known = [points[0].std(axis=0) for fit in fits if (points := points_of(fit)) is not None]
    if not known:
        return [None for _ in fits]
    scale = np.median(known, axis=0)
    return [stein_of(fit, scale) for fit in fits]

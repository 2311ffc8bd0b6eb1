"""Climbs of a log density by L-BFGS, in coordinates in which it is well scaled."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from harness.data.dataset import FloatArray
from harness.methods.metered import Metered

#: A smooth function has this value where the program has no density.
_NOWHERE = 1e100


def climb(
    target: Metered,
    begin: FloatArray,
    *,
    outside: Callable[[FloatArray], FloatArray],
    inward: Callable[[FloatArray], FloatArray],
    max_iterations: int,
    ftol: float,
    gtol: float = 1e-5,
) -> FloatArray:
    """Return the point where a climb ends.

    Parameters
    ----------
    target : Metered
    begin : ndarray, shape (d,)
        Where it begins, in its own coordinates.
    outside : callable
        Gives the point of coordinates.
    inward : callable
        Gives a gradient with regard to coordinates, from one with regard to the point.
    max_iterations : int
    ftol, gtol : float
        See SciPy's L-BFGS-B.

    Returns
    -------
    ndarray, shape (d,)
    """

    def descent(inside: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = target.gradient(outside(inside))
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return _NOWHERE, np.zeros(begin.size)
        return -float(value), -inward(gradient)

    found = minimize(
        descent,
        begin,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "maxcor": 10, "ftol": ftol, "gtol": gtol},
    )
    return outside(np.asarray(found.x, dtype=np.float64))

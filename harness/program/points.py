"""Points at which a program's density is looked at: random ones, and some where it is high."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.program.log_density import Density, LogDensity
from harness.program.log_density.wire import FloatArray

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

_N_POINTS = 3
_MAX_TRIES = 40
#: Paths to higher points end after so many steps; the posterior need not be met, but neared.
_MAX_STEPS = 50
#: A smooth function has this value where the program has no density.
_NOWHERE = 1e100


def is_finite(found: LogDensity) -> bool:
    """Return whether there is a density and a gradient at all points."""
    return bool(np.isfinite(found.value).all() and np.isfinite(found.gradient).all())


def random_points(density: Density, rng: np.random.Generator) -> FloatArray:
    """Return random points at which the program has a density, near the origin if need be.

    Parameters
    ----------
    density : Density
    rng : Generator

    Returns
    -------
    ndarray, shape (point, parameter)
        Three as a rule; fewer, or none, where the program has a density at few of those tried.
    """
    scales = np.repeat([1.0, 0.5, 0.1, 0.01], _MAX_TRIES // 4)
    tried = scales[:, None] * rng.uniform(-2, 2, (scales.size, density.n_parameters))
    found = []
    for point in tried:
        if is_finite(density.gradient(point)):
            found.append(point)
        if len(found) == _N_POINTS:
            break
    return np.array(found)


def higher_points(gradient: Callable[[FloatArray], LogDensity], starts: FloatArray) -> FloatArray:
    """Return points where a density is higher: those where paths of L-BFGS end, and half-way.

    Parameters
    ----------
    gradient : callable
        Gives the log density and its gradient at a point.
    starts : ndarray, shape (start, parameter)
        Where paths begin.

    Returns
    -------
    ndarray, shape (point, parameter)
        Two for each start.
    """
    found: list[FloatArray] = []
    for start in starts:
        path: list[FloatArray] = []

        def descent(at: FloatArray, path: list[FloatArray] = path) -> tuple[float, FloatArray]:
            known = gradient(at)
            if not is_finite(known):
                return _NOWHERE, np.zeros(at.size)
            path.append(at.copy())
            return -float(known.value), -known.gradient

        end = scipy.optimize.minimize(
            descent,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _MAX_STEPS, "maxfun": 2 * _MAX_STEPS},
        )
        found += [path[len(path) // 2], np.asarray(end.x, dtype=np.float64)]
    return np.array(found)

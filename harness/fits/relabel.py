"""Label switching: permutations that give the components of a mixture the same name in every draw.

A **permutation** has the shape (..., K): `permutation[t, j]` is the raw component of draw t that
gets label j, so that `relabelled[t, j] = raw[t, permutation[t, j]]`.
"""

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

Floats = NDArray[np.float64]
Permutation = NDArray[np.intp]


def by_first_coordinate(locations: Floats) -> Permutation:
    """Order the components of each draw by coordinate 0 of their location, lowest first.

    Parameters
    ----------
    locations : array (..., K, d)
        Component locations, for example (n_draws, K, d) or (chain, draw, K, d), in the units of
        the data.

    Returns
    -------
    array of int (..., K)
        The permutation. Equal coordinates keep their raw order.

    Raises
    ------
    HarnessError
        If `locations` has fewer than two axes or holds a NaN or an infinity.

    References
    ----------
    An identifiability constraint, as in Richardson and Green (1997), JRSS B 59. It
    cuts through a mode where components overlap in coordinate 0.
    """
    locations = _finite(locations, name="locations", min_ndim=2)
    return np.argsort(locations[..., 0], axis=-1, kind="stable")


def apply_permutation[Scalar: np.generic](
    values: NDArray[Scalar], permutation: Permutation
) -> NDArray[Scalar]:
    """Reorder the components of each draw.

    Parameters
    ----------
    values : array (..., K, ...)
        Leading axes as in `permutation`; for example locations (n_draws, K, d) or weights
        (n_draws, K).
    permutation : array of int (..., K)
        Raw component for each label, one row per draw.

    Returns
    -------
    array, same shape and dtype as `values`

    Raises
    ------
    HarnessError
        If the draws' axes or the number of components differ.
    """
    if values.shape[: permutation.ndim] != permutation.shape:
        raise HarnessError(
            f"values of shape {values.shape} do not match "
            f"a permutation of shape {permutation.shape}"
        )
    index = permutation.reshape(permutation.shape + (1,) * (values.ndim - permutation.ndim))
    return np.take_along_axis(values, index, axis=permutation.ndim - 1)


def _finite(values: Floats, *, name: str, min_ndim: int) -> Floats:
    values = np.asarray(values, dtype=float)
    if values.ndim < min_ndim:
        raise HarnessError(f"{name} needs at least {min_ndim} axes; got shape {values.shape}")
    if not np.all(np.isfinite(values)):
        n_bad = np.sum(~np.isfinite(values))
        raise HarnessError(f"{name} holds {n_bad} values that are not finite")
    return values

"""Points as a user gives them."""

import numpy as np
import numpy.typing as npt

from harness.errors import DensityError
from harness.program.log_density.wire import FloatArray


def as_points(points: npt.ArrayLike, size: int) -> FloatArray:
    """Return points as an array, and refuse those of another size.

    Parameters
    ----------
    points : array_like, shape (..., size)
    size : int
        Numbers of a point.

    Raises
    ------
    DensityError
        If they are of another shape, or no real numbers.
    """
    try:
        given = np.asarray(points)
        # NumPy would drop the imaginary parts
        array = None if np.iscomplexobj(given) else given.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        array = None
    if array is None:
        raise DensityError(
            f"the points are of type {type(points).__name__} and are no array of real numbers; "
            f"give one of shape (..., {size})"
        )
    if array.ndim == 0 or array.shape[-1] != size:
        raise DensityError(
            f"the points have the shape {array.shape}; the last dimension must be {size}, "
            "a number for each parameter"
        )
    return array

"""The direction numbers of Sobol's sequence, for nets of points that are scrambled in the C++."""

from functools import lru_cache
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

#: Of more coordinates points are independent: each would cost more than most densities do.
MOST_EVEN = 1000
#: Of each coordinate; nets have up to two to this power points.
_EACH = 12
_DIGITS = 32


@lru_cache(maxsize=4)
def directions(d: int) -> FloatArray:
    """Return the direction numbers of each coordinate.

    In Gray's order the point 2^k differs from the one before it by direction k alone.

    Parameters
    ----------
    d : int
        Coordinates.

    Returns
    -------
    ndarray, shape (d, 12)
        Whole numbers of 32 binary digits.
    """
    sequence = scipy.stats.qmc.Sobol(d, scramble=False, bits=_DIGITS)
    points = (sequence.random_base2(_EACH) * 2**_DIGITS).astype(np.uint64)
    at = 2 ** np.arange(_EACH)
    return np.asarray((points[at] ^ points[at - 1]).T.astype(float))

"""Places from which the density does not fall, however far one goes: no proper posterior has them.

With a flat prior on the logarithm of a scale, say, the density has a mode and yet no finite mass.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.patience import Patience
from harness.evidence.search import PosteriorMode
from harness.methods.metered import Metered

#: A parameter without a slope at an end, in nats over its distance from zero or over 1.
_LEVEL = 1e-3
#: How far is looked in both directions: steps, and further ones in units of the place itself, where
#: numbers may be too large for the program.
_STEPS, _FAR = (10.0, 100.0), (1e3, 1e4)
#: A level density falls by no more, in nats.
_FALL = 0.01
#: So many pairs of an end and a parameter are looked at, of so many ends.
_MOST_PAIRS, _MOST_ENDS = 10, 20


def is_endless(
    target: Metered,
    ends: Sequence[FloatArray],
    modes: Sequence[PosteriorMode],
    patience: Patience,
) -> bool:
    """Whether the density stays as high as at the end of a climb, however far one goes from there.

    Parameters
    ----------
    target : Metered
    ends : sequence of ndarray, shape (d,)
        Of climbs that ended at no mode.
    modes : sequence of PosteriorMode
        Parameters that are far from the first, or from zero if there is none, come first.
    patience : Patience

    Returns
    -------
    bool
    """
    if not ends:
        return False
    points = np.array(ends[:_MOST_ENDS])
    centre = modes[0].point if modes else np.zeros(points.shape[1])
    gradients = np.array([target.gradient(point).gradient for point in points])
    is_level = np.abs(gradients) * np.maximum(1.0, np.abs(points)) < _LEVEL
    distance = np.where(is_level, np.abs(points - centre), -1.0)
    order = np.argsort(-distance, axis=None)[:_MOST_PAIRS]
    pairs = [np.unravel_index(each, distance.shape) for each in order]
    return any(
        _stays(target, points[end], int(parameter), sign, patience)
        for (end, parameter), sign in product(pairs, (-1.0, 1.0))
        if is_level[end, parameter]
    )


def _stays(
    target: Metered, point: FloatArray, parameter: int, sign: float, patience: Patience
) -> bool:
    """Whether the density does not fall when one parameter moves in one direction."""
    here = patience.value(target, point)
    reach = max(1.0, abs(float(point[parameter])))
    for step in (*_STEPS, *(far * reach for far in _FAR)):
        moved = point.copy()
        moved[parameter] += sign * step
        there = patience.value(target, moved)
        if here is None or there is None:
            return False
        if not np.isfinite(there):
            return step > _STEPS[-1]
        if not abs(there - here) <= _FALL:
            return False
    return True

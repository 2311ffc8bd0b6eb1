"""How long a density may take far from where the mass is.

Far from its mode an ODE may be so stiff that one gradient takes as long as thousands near it.
Gradients do not tell, so the CPU time of the program's process does.  What takes as long is given
up, and counted: evidence then knows less.  A density of even cost is far from all limits.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.metered import GRADIENTS_PER_DENSITY, Metered

#: So many times as long as near a mode a density may take.
DEARER = 100
#: The gradients near a mode that a climb may cost; of even cost it takes some 600 at most.
_CLIMB = 2000
#: Hessians that the end of a climb may cost.
_N_HESSIANS = 10
#: So many seconds at least are always given, and so many to what first tells what a density costs.
_LEAST_S, _FIRST_S = 1.0, (1.0, 10.0, 100.0, math.inf)
#: A gradient counts as no cheaper: the time of less is that of messages.
_CHEAPEST_S = 1e-3
#: From so many gradients on their mean cost is known.
_TELLING = 8


class Patience:
    """What a gradient costs where it is cheap.

    Parameters
    ----------
    target : Metered
    points : sequence of ndarray
        Where to look first what a density costs.
    """

    def __init__(self, target: Metered, points: Sequence[FloatArray]) -> None:
        self._least_s = max(_LEAST_S, target.start_s)
        self._gradient_s = math.inf
        self._settle(target, points)

    def _settle(self, target: Metered, points: Sequence[FloatArray]) -> None:
        """Learn from the first of some points that has a density in little time."""
        for limit_s in _FIRST_S:
            n_lost = 0
            for point in points:
                begun_s = target.cpu_s
                value = target.within(limit_s, partial(_value, target, point))
                if value is None:
                    n_lost += 1
                elif math.isfinite(value):
                    self._learn((target.cpu_s - begun_s) / GRADIENTS_PER_DENSITY)
                    return
            if not n_lost:
                return

    def value(self, target: Metered, point: FloatArray) -> float | None:
        """Return the log density at a point; None if it takes much longer than near a mode."""
        return target.within(self._limit_s(DEARER), partial(_value, target, point))

    def values(self, target: Metered, points: FloatArray) -> list[float | None]:
        """Return the log density at a few points, None where :meth:`value` is.

        One call for all, which takes rows from files once, mostly is enough.
        """
        found = target.within(self._limit_s(DEARER), partial(target.log_density, points))
        return [self.value(target, each) for each in points] if found is None else found.tolist()

    def climb[R](self, target: Metered, work: Callable[[], R]) -> R | None:
        """Return what a climb gives; None if it is given up."""
        return target.within(self._limit_s(_CLIMB), work)

    def polish[R](self, target: Metered, work: Callable[[], R]) -> R | None:
        """Return what a look at an end gives, with Hessians, and learn what a gradient costs.

        None if it is given up.  No other thread may use the density meanwhile.
        """
        begun_s, spent = target.cpu_s, target.spent
        limit_s = self._limit_s(_CLIMB + _N_HESSIANS * target.hessian_cost)
        found = target.within(limit_s, work)
        n = target.spent.since(spent).in_gradients
        if found is not None and n >= _TELLING:
            self._learn((target.cpu_s - begun_s) / n)
        return found

    def _learn(self, gradient_s: float) -> None:
        self._gradient_s = min(self._gradient_s, max(_CHEAPEST_S, gradient_s))

    def _limit_s(self, n_gradients: float) -> float:
        """Return how long some gradients near a mode may take."""
        return max(self._least_s, n_gradients * self._gradient_s)


def _value(target: Metered, point: FloatArray) -> float:
    return float(target.log_density(np.asarray(point)[None])[0])

"""The modes that dispersed optimiser starts reach.

Laplace's approximation gives the mass of each: Tierney and Kadane (1986), JASA 81.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from harness.data.dataset import FloatArray
from harness.evidence.climbs import climb
from harness.evidence.level import is_endless
from harness.evidence.patience import DEARER, Patience
from harness.evidence.search import PosteriorMode, Search
from harness.evidence.wide import wide_parts
from harness.methods.metered import Metered

#: Dispersed starts; a basin that a share f of them reaches is found by about 3 / f.
N_STARTS = 60
#: So many at least; then no more once they have taken so many gradients.
_FEWEST_STARTS, _ENOUGH_GRADIENTS = 16, 1000
#: Starts that climb side by side.
_BATCH = 8
#: Half of them lie within 2 of zero, as CmdStan's; the others within a radius from 1 to 50.
_NEAR, _RADII = 2.0, (1.0, 50.0)
_MAX_ITERATIONS = 500
#: Then some in units of the leading mode, whose scale need not be that of the others: they lie up
#: to so many of its sds away, take shorter climbs, and at most this part of the gradients so far.
_N_FAR, _FAR_RADII, _FAR_ITERATIONS, _FAR_PART = 16, (4.0, 1000.0), 100, 0.5
#: Starts whose first points tell what a density costs, and how many far ones may be given up.
_N_SETTLING, _MOST_DEAR = 16, 4
#: An end so many nats lower, and so many for each parameter, has no mass to speak of.
_LOWER, _LOWER_PER_PARAMETER = 20.0, 3.0
#: Ends whose Hessian is computed; each takes four gradients per parameter.
_MAX_HESSIANS = 10
#: A mode is reached where the gradient, in posterior sds, is below this.
GRADIENT_LIMIT = 0.01
#: So steep a ridge has no inverse to speak of.
_MAX_CONDITION = 1e14


def find_modes(
    target: Metered,
    rng: np.random.Generator,
    *,
    n_starts: int = N_STARTS,
    limit: float = np.inf,
) -> Search:
    """Optimise from dispersed starts, and keep the ends that are modes.

    Parameters
    ----------
    target : Metered
    rng : Generator
        Decides the starts.
    n_starts : int
    limit : float
        No more starts once all has taken so many gradients.

    Returns
    -------
    Search
    """
    starts = list(_starts(target, rng, n_starts))
    patience = Patience(target, [tried[0] for tried in starts[: 2 * _N_SETTLING : 2]])
    found = _Found(target, patience)
    climbed = 0
    begun = target.spent.n_gradients
    while (
        starts
        and target.spent.n_gradients - begun < limit
        and (found.n_tried < _FEWEST_STARTS or climbed < _ENOUGH_GRADIENTS)
        and not found.is_hopeless
    ):
        known = found.modes[0] if found.modes else None
        batch = starts[: _BATCH if known else 1]
        del starts[: len(batch)]
        before = target.spent.n_gradients
        ends = target.map(partial(_try, patience), [(tried, known) for tried in batch])
        climbed += target.spent.n_gradients - before + DEARER * sum(end.is_dear for end in ends)
        for end in ends:
            found.look(end)
    n_tried, n_reached, n_dear = found.n_tried, found.n_reached, found.n_dear
    (aside,) = rng.spawn(1)  # what finds nothing changes nothing that is drawn later
    if target.spent.n_gradients - begun < limit:
        _search_far(target, found, aside, limit=min(_FAR_PART * climbed, limit))
    wide, n_blind = wide_parts(target, found.modes, aside, patience)
    return Search(
        modes=tuple(sorted((*found.modes, *wide), key=lambda each: -each.log_mass)),
        n_starts=n_tried,
        n_reached=n_reached,
        n_dear=n_dear,
        n_dear_far=found.n_dear - n_dear + n_blind,
        is_endless=is_endless(target, found.astray, found.modes, patience),
        ends=np.array(found.ends).reshape(-1, target.n_parameters),
    )


def _search_far(
    target: Metered, found: "_Found", rng: np.random.Generator, *, limit: float
) -> None:
    """Climb from far around the leading mode, in its own units."""
    if not found.modes:
        return
    known = found.modes[0]
    low, high = np.log(_FAR_RADII)
    radii = np.exp(rng.uniform(low, high, (_N_FAR, 1)))
    starts = known.point + radii * rng.standard_normal((_N_FAR, known.point.size)) @ known.factor.T
    begun, n_dear = target.spent.n_gradients, found.n_dear
    short = partial(_try, found.patience, max_iterations=_FAR_ITERATIONS)
    for first in range(0, _N_FAR, _BATCH):
        if target.spent.n_gradients - begun > limit or found.n_dear > n_dear + _MOST_DEAR:
            return
        batch = [(start[None], known) for start in starts[first : first + _BATCH]]
        for end in target.map(short, batch):
            found.look(end, is_far=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class _End:
    """What came of a start: where the climb ended, or that it was given up, or neither."""

    point: FloatArray | None = None
    is_dear: bool = False


class _Found:
    """The modes so far, and which ends are theirs."""

    def __init__(self, target: Metered, patience: Patience) -> None:
        self.patience = patience
        self.modes: list[PosteriorMode] = []
        self.ends: list[FloatArray] = []
        self.astray: list[FloatArray] = []
        self.n_reached = 0
        self.n_dear = 0
        self._target = target
        self._n_hessians = 0

    @property
    def n_tried(self) -> int:
        """Starts with a density, those that were given up included."""
        return len(self.ends) + self.n_dear

    @property
    def is_hopeless(self) -> bool:
        """Whether so many starts were given up that the others will hardly be the most."""
        return self.n_dear >= _FEWEST_STARTS / 2 and self.n_dear > self.n_reached

    def look(self, end: _End, *, is_far: bool = False) -> None:
        """Look whether a climb has ended at a mode, a known one or another."""
        is_dear = end.is_dear
        if end.point is not None:
            work = partial(self._add, end.point, is_far=is_far)
            is_dear = self.patience.polish(self._target, work) is None
        self.n_dear += is_dear

    def _add(self, end: FloatArray, *, is_far: bool) -> bool:
        """Add an end, of a climb from far away only if it may have a part of the mass."""
        if is_far and not self._is_high(end):
            return False
        mode = next((mode for mode in self.modes if _is_at(self._target, mode, end)), None)
        if mode is None and self._n_hessians < _MAX_HESSIANS:
            self._n_hessians += 1
            mode = mode_near(self._target, end)
            if mode is not None and all(each.distance(mode.point) >= 1 for each in self.modes):
                self.modes.append(mode)
                self.modes.sort(key=lambda each: -each.log_mass)
        self.n_reached += mode is not None
        self.astray += [end] if mode is None else []
        self.ends.append(end if mode is None else mode.point)
        return True

    def _is_high(self, end: FloatArray) -> bool:
        """Whether a mode at a point may have a part of the mass."""
        here, best = self._target.log_density(np.array([end, self.modes[0].point]))
        return bool(here > best - _LOWER - _LOWER_PER_PARAMETER * end.size)


def _starts(target: Metered, rng: np.random.Generator, n: int) -> Iterator[FloatArray]:
    """Give for each start points to be tried one after the other, near and far by turns."""
    d = target.n_parameters
    low, high = np.log(_RADII)
    for number in range(n):
        radii = [_NEAR if number % 2 == 0 else np.exp(rng.uniform(low, high)) for _ in range(10)]
        yield np.array([rng.uniform(-radius, radius, d) for radius in radii])


def _try(
    patience: Patience,
    target: Metered,
    begun: tuple[FloatArray, PosteriorMode | None],
    max_iterations: int = _MAX_ITERATIONS,
) -> _End:
    """Climb from the first of some points with a finite density."""
    tried, known = begun
    for start in tried:
        value = patience.value(target, start)
        if value is not None and not np.isfinite(value):
            continue
        point = None
        if value is not None:
            work = partial(_climb, target, (start, known), max_iterations)
            point = patience.climb(target, work)
        return _End(point=point, is_dear=point is None)
    return _End()


def _climb(
    target: Metered,
    begun: tuple[FloatArray, PosteriorMode | None],
    max_iterations: int = _MAX_ITERATIONS,
) -> FloatArray:
    """Return the end of L-BFGS from a start, in the coordinates of a known mode."""
    start, known = begun
    climbed = partial(climb, target, max_iterations=max_iterations, ftol=1e-10, gtol=1e-4)
    if known is None:
        return climbed(start, outside=_same, inward=_same)
    centre, factor = known.point, known.factor
    return climbed(
        solve_triangular(factor, start - centre, lower=True),
        outside=lambda inside: centre + factor @ inside,
        inward=lambda gradient: factor.T @ gradient,
    )


def _same(values: FloatArray) -> FloatArray:
    return values


def _newton_step(target: Metered, factor: FloatArray, point: FloatArray) -> FloatArray:
    """Return the step to the maximum of the parabola that a covariance goes with."""
    _, gradient = target.gradient(point)
    step: FloatArray = factor @ (factor.T @ gradient)
    return step


def _is_at(target: Metered, mode: PosteriorMode, end: FloatArray) -> bool:
    """Whether an optimiser's end is a known mode, within what it has not converged."""
    if mode.distance(end) > 1 + 0.1 * np.sqrt(end.size):
        return False
    step = _newton_step(target, mode.factor, end)
    return mode.distance(end + step) < max(0.5 * mode.distance(end), 10 * GRADIENT_LIMIT)


def mode_near(target: Metered, point: FloatArray) -> PosteriorMode | None:
    """Polish an optimiser's end by Newton's method.

    Returns
    -------
    PosteriorMode or None
        None where the curvature is not that of a mode, or no mode is near.
    """
    for _ in range(3):
        factor = _covariance_factor(-target.hessian(point))
        if factor is None:
            return None
        for _ in range(5):
            _, gradient = target.gradient(point)
            size = float(np.linalg.norm(factor.T @ gradient))
            if size < GRADIENT_LIMIT or not np.isfinite(size) or size > 10 * np.sqrt(point.size):
                break
            point = point + factor @ (factor.T @ gradient)
        if size < GRADIENT_LIMIT:
            log_p = float(target.log_density(point[None])[0])
            log_det = float(np.log(np.diag(factor)).sum())
            return PosteriorMode(
                point=point,
                factor=factor,
                log_mass=log_p + log_det + point.size / 2 * float(np.log(2 * np.pi)),
                gradient=size,
            )
    return None


def _covariance_factor(precision: FloatArray) -> FloatArray | None:
    """Return the lower Cholesky factor of the inverse of a definite matrix."""
    if not np.isfinite(precision).all():
        return None
    scale = np.sqrt(np.abs(np.diag(precision)))
    if not (np.diag(precision) > 0).all():
        return None
    correlation = precision / np.outer(scale, scale)
    values = np.linalg.eigvalsh(correlation)
    if values[0] <= values[-1] / _MAX_CONDITION:
        return None
    lower = np.linalg.cholesky(correlation)
    covariance = cho_solve((lower, True), np.eye(scale.size)) / np.outer(scale, scale)
    try:
        return np.linalg.cholesky((covariance + covariance.T) / 2)
    except np.linalg.LinAlgError:
        return None

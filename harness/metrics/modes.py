"""Modes of the reference that a fit never visits."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.draws import Floats, vector_draws

_N_GRID = 512
# So many fit into a processor's cache with the whole grid.
_VALUES_AT_ONCE = 128
# Quantities whose draws are sorted together.
_AT_ONCE = 64
# Two peaks are modes of their own if the density between them falls below half of the lower one.
_VALLEY = 0.5
# A cheap density must fall below this part of it before it is worth a closer look.
_DIP = 0.65


def missed_mass(
    draws: npt.ArrayLike,
    *,
    reference: npt.ArrayLike,
    min_mass: float = 0.02,
    max_draws: int = 4000,
) -> float:
    r"""Return the largest part of the reference in a marginal mode that the fit never visits.

    Of each quantity, a kernel density of the reference is cut at its valleys, the minima below
    half of the lower of the highest peaks on either side.  A piece is missed if it holds at
    least `min_mass` of the reference, if ten or more draws of the fit would be expected there,
    and if there is none.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference, in the same units.
    min_mass : float
        Pieces with less of the reference are no modes.
    max_draws : int
        The kernel density uses at most so many draws of the reference, evenly spaced.

    Returns
    -------
    float
        A probability under the reference; 0 where no mode is missed.

    Raises
    ------
    HarnessError
        If a shape is wrong, a draw is not finite or the numbers of quantities differ.

    References
    ----------
    Silverman (1986), Density estimation for statistics and data analysis, section 3.4.2 (the
    bandwidth); the test for valleys is this project's own.
    """
    x = vector_draws(draws, name="draws")
    r = vector_draws(reference, name="reference")
    if x.shape[-1] != r.shape[-1]:
        raise HarnessError(f"draws have {x.shape[-1]} quantities, the reference {r.shape[-1]}")
    fit, target = x.reshape(-1, x.shape[-1]), r.reshape(-1, r.shape[-1])
    largest = 0.0
    for j in _suspects(fit, target, min_mass=min_mass):
        cuts = valleys(target[:: -(-len(target) // max_draws), j])
        mass = _pieces(target[:, j], cuts) / len(target)
        count = _pieces(fit[:, j], cuts)
        missed = (count == 0) & (mass >= min_mass) & (mass * len(fit) >= 10)
        largest = max(largest, float(mass[missed].max(initial=0.0)))
    return largest


def _suspects(fit: Floats, target: Floats, *, min_mass: float) -> Iterator[int]:
    """Give the quantities of which a mode may be missed, some at a time.

    A missed piece lies between neighbouring draws of the fit, so that there must be a gap that
    holds enough of the reference.
    """
    for begin in range(0, target.shape[-1], _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        ours, theirs = (np.sort(np.ascontiguousarray(each[:, some].T)) for each in (fit, target))
        until = [np.searchsorted(*pair, side="right") for pair in zip(theirs, ours, strict=True)]
        gaps = np.diff(until, axis=1, prepend=0, append=len(target))
        held = max(min_mass * len(target), 10 * len(target) / len(fit)) * (1 - 1e-9)
        for j in np.flatnonzero(gaps.max(axis=1) >= held):
            if _may_miss(ours[j], theirs[j], min_mass=min_mass):
                yield begin + int(j)


def _may_miss(fit: Floats, target: Floats, *, min_mass: float) -> bool:
    """Whether a mode may be missed; told from sorted draws without a kernel density.

    A missed piece ends at a valley with enough on both sides, or else it is all but the outermost
    parts of the reference.
    """
    outside = int(min_mass * len(target))
    low, high = target[outside], target[-1 - outside]
    if np.searchsorted(fit, low) == np.searchsorted(fit, high, side="right"):
        return True
    return _has_dip(target, low, high)


def _has_dip(values: Floats, low: float, high: float) -> bool:
    """Whether the density of sorted values may have a valley between two points.

    The values are shared out among the points of the grid, which makes the density cheap and
    wrong by a few percent; the limit leaves room for that.
    """
    width = _bandwidth(values)
    if width <= 0:
        return False
    grid = np.linspace(values[0], values[-1], _N_GRID)
    step = grid[1] - grid[0]
    position = (values - values[0]) / step
    below = np.minimum(position.astype(np.intp), _N_GRID - 2)
    part = position - below
    counts = np.bincount(below, weights=1 - part, minlength=_N_GRID)
    counts += np.bincount(below + 1, weights=part, minlength=_N_GRID)
    offsets = np.arange(1 - _N_GRID, _N_GRID) * (step / max(width, step))
    density = np.convolve(np.exp(-0.5 * offsets**2), counts, mode="valid")
    left = np.maximum.accumulate(density)
    right = np.maximum.accumulate(density[::-1])[::-1]
    inside = (grid >= low - step) & (grid <= high + step)
    return bool((density < _DIP * np.minimum(left, right))[inside].any())


def valleys(values: Floats) -> Floats:
    """Return where the kernel density of a sample has valleys between modes.

    Parameters
    ----------
    values : ndarray (n,)
        Draws of one quantity.

    Returns
    -------
    ndarray (n_valleys,)
        In ascending order, in the units of `values`; empty for one mode or a constant.
    """
    low, high = float(values.min()), float(values.max())
    bandwidth = _bandwidth(values)
    if bandwidth <= 0:
        return np.empty(0)
    grid = np.linspace(low, high, _N_GRID)
    # a step of the grid may be wider than the kernel where tails are long
    width = max(bandwidth, float(grid[1] - grid[0]))
    density = np.zeros(_N_GRID)
    for some in np.array_split(values, -(-len(values) // _VALUES_AT_ONCE)):
        scaled = (grid[:, None] - some) / width
        np.square(scaled, out=scaled)
        scaled *= -0.5
        density += np.exp(scaled, out=scaled).sum(axis=1)
    left = np.maximum.accumulate(density)
    right = np.maximum.accumulate(density[::-1])[::-1]
    inside = density[1:-1]
    is_minimum = (inside <= density[:-2]) & (inside < density[2:])
    is_deep = inside < _VALLEY * np.minimum(left[1:-1], right[1:-1])
    found: Floats = grid[1:-1][is_minimum & is_deep]
    return found


def _bandwidth(values: Floats) -> float:
    """Silverman's rule of thumb; 0 where most values are equal."""
    quartiles = np.quantile(values, [0.25, 0.75])
    spread = min(float(values.std()), float(quartiles[1] - quartiles[0]) / 1.34)
    return float(0.9 * spread * len(values) ** -0.2)


def _pieces(values: Floats, cuts: Floats) -> Floats:
    """Count the values between consecutive cuts."""
    return np.bincount(np.searchsorted(cuts, values), minlength=len(cuts) + 1).astype(np.float64)

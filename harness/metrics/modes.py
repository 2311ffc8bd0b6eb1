"""Modes of the reference that a fit never visits."""

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.draws import Floats, vector_draws

_N_GRID = 512
# Two peaks are modes of their own if the density between them falls below half of the lower one.
_VALLEY = 0.5


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
    for j in range(target.shape[-1]):
        cuts = valleys(target[:: -(-len(target) // max_draws), j])
        mass = _pieces(target[:, j], cuts) / len(target)
        count = _pieces(fit[:, j], cuts)
        missed = (count == 0) & (mass >= min_mass) & (mass * len(fit) >= 10)
        largest = max(largest, float(mass[missed].max(initial=0.0)))
    return largest


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
    quartiles = np.quantile(values, [0.25, 0.75])
    spread = min(float(values.std()), float(quartiles[1] - quartiles[0]) / 1.34)
    if spread <= 0:
        return np.empty(0)
    bandwidth = 0.9 * spread * len(values) ** -0.2
    grid = np.linspace(low, high, _N_GRID)
    # a step of the grid may be wider than the kernel where tails are long
    width = max(bandwidth, float(grid[1] - grid[0]))
    density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1)
    left = np.maximum.accumulate(density)
    right = np.maximum.accumulate(density[::-1])[::-1]
    inside = density[1:-1]
    is_minimum = (inside <= density[:-2]) & (inside < density[2:])
    is_deep = inside < _VALLEY * np.minimum(left[1:-1], right[1:-1])
    found: Floats = grid[1:-1][is_minimum & is_deep]
    return found


def _pieces(values: Floats, cuts: Floats) -> Floats:
    """Count the values between consecutive cuts."""
    return np.bincount(np.searchsorted(cuts, values), minlength=len(cuts) + 1).astype(np.float64)

"""Draws on the unconstrained scale, and what the posterior says of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.program.log_density import Density

#: The tail of the weights of fewer draws is too noisy to judge by.
N_SCORES = 10_000
#: Fewer are evaluated if so many would take longer, or be more numbers.
_MAX_S = 5.0
_MAX_NUMBERS = 20_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluated:
    """Draws, and the posterior there.

    Attributes
    ----------
    log_p : ndarray, shape (draw,)
        Log density on the unconstrained scale, Jacobian included, up to one constant, in nats;
        NaN where there is none.
    names : tuple of str
        The unconstrained parameters.
    positions : ndarray, shape (draw, unconstrained), or None
        The draws; None if they cannot be known.
    gradient : ndarray, shape (draw, unconstrained), or None
        Of the log density; None if it is not known.
    causes : tuple of str
        Why draws have no density.
    search_time_s, wall_time_s : float
        What it took to find the positions, and to evaluate the density there, in seconds.
    """

    log_p: FloatArray
    names: tuple[str, ...] = ()
    positions: FloatArray | None = None
    gradient: FloatArray | None = None
    causes: tuple[str, ...] = ()
    search_time_s: float = 0.0
    wall_time_s: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Further:
    """More draws of an approximation, for its weights alone.

    Attributes
    ----------
    draw : callable
        Gives at least so many draws: points, and the log density of the approximation there; None
        if it cannot.
    cost_s : float
        What that takes, in seconds, about.
    """

    draw: Callable[[int], tuple[FloatArray, FloatArray] | None]
    cost_s: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Log densities of draws of an approximation, in nats, each up to one constant.

    Attributes
    ----------
    log_p, log_q : ndarray, shape (score,)
        Of the posterior, NaN where there is none, and of the approximation.
    """

    log_p: FloatArray
    log_q: FloatArray


def evaluate(density: Density, positions: FloatArray, *, causes: tuple[str, ...] = ()) -> Evaluated:
    """Evaluate the posterior and its gradient.

    Parameters
    ----------
    density : Density
        Of all rows.
    positions : ndarray, shape (draw, unconstrained)
        Draws; those that are not finite have no density.
    causes : tuple of str
        Why they are not finite.

    Returns
    -------
    Evaluated
    """
    start = time.perf_counter()
    log_p, gradient = np.full(len(positions), np.nan), np.full(positions.shape, np.nan)
    finite = np.isfinite(positions).all(axis=1)
    value, gradient[finite] = density.gradient(positions[finite])
    log_p[finite] = np.where(np.isfinite(value), value, np.nan)
    causes += density.failures
    if not causes and not finite.all():
        causes = ("they lie on the bounds of their parameters",)
    if not causes and np.isnan(log_p).any():
        causes = ("the program's log density is not finite there",)
    return Evaluated(
        log_p=log_p,
        names=density.parameter_names,
        positions=positions,
        gradient=gradient,
        causes=causes,
        wall_time_s=time.perf_counter() - start,
    )


def evaluate_further(density: Density, first: Evaluated, further: Further) -> Scores | None:
    """Evaluate more draws of an approximation, where that is cheap.

    Parameters
    ----------
    density : Density
        Of all rows.
    first : Evaluated
        Draws that are evaluated already, which tells the time that others take.
    further : Further
        Gives the draws.

    Returns
    -------
    Scores or None
        Of all draws that `further` gave; None where they are too expensive or not needed.
    """
    n = first.log_p.size
    wanted = min(N_SCORES, _MAX_NUMBERS // max(1, density.n_parameters))
    if n == 0 or n >= wanted or further.cost_s + wanted * first.wall_time_s / n > _MAX_S:
        return None
    drawn = further.draw(wanted)
    if drawn is None:
        return None
    points, log_q = drawn
    log_p = np.full(len(points), np.nan)
    finite = np.isfinite(points).all(axis=1)
    value = density.log_density(points[finite])
    log_p[finite] = np.where(np.isfinite(value), value, np.nan)
    return Scores(log_p=log_p, log_q=log_q)

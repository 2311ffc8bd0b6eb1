"""Draws on the unconstrained scale, and what the posterior says of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.program.log_density import Density

Indices = npt.NDArray[np.intp]

#: The tail of the weights of fewer draws is too noisy to judge by.
N_SCORES = 10_000
#: Fewer are evaluated if so many would take longer, or be more numbers.
_MAX_S = 5.0
_MAX_NUMBERS = 20_000_000
#: A discrepancy takes so many draws, evenly spaced; of no others the gradient is needed.
MAX_POINTS = 200
# What a draw takes is measured so often again before it is called too much.
_N_TRIALS = 5


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
    chosen : ndarray of int, shape (chosen,)
        Some of the draws whose log density is known, evenly spaced.
    gradient : ndarray, shape (chosen, unconstrained), or None
        Of the log density there; None if it is not known.
    own_gradient : ndarray, shape (chosen, unconstrained), or None
        Of the log density of the approximation there; None if it is not known.
    causes : tuple of str
        Why draws have no density.
    search_time_s : float
        What it took to find the positions, in seconds.
    draw_time_s : float
        What the log density of a draw takes, in seconds.
    """

    log_p: FloatArray
    names: tuple[str, ...] = ()
    positions: FloatArray | None = None
    chosen: Indices = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    gradient: FloatArray | None = None
    own_gradient: FloatArray | None = None
    causes: tuple[str, ...] = ()
    search_time_s: float = 0.0
    draw_time_s: float = 0.0


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
    """Evaluate the posterior, and its gradient at some of the draws.

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
    log_p = _log_density(density, positions)
    draw_time_s = (time.perf_counter() - start) / max(1, len(positions))
    causes += density.failures
    if not causes and not np.isfinite(positions).all():
        causes = ("they lie on the bounds of their parameters",)
    if not causes and np.isnan(log_p).any():
        causes = ("the program's log density is not finite there",)
    chosen = usable(log_p, positions)
    return Evaluated(
        log_p=log_p,
        names=density.parameter_names,
        positions=positions,
        chosen=chosen,
        gradient=density.gradient(positions[chosen]).gradient,
        causes=causes,
        draw_time_s=draw_time_s,
    )


def _log_density(density: Density, positions: FloatArray) -> FloatArray:
    """Return the log density of each draw, NaN where there is none."""
    log_p = np.full(len(positions), np.nan)
    finite = np.isfinite(positions).all(axis=1)
    log_p[finite] = density.log_density(positions[finite])
    return np.where(np.isfinite(log_p), log_p, np.nan)


def usable(log_p: FloatArray, positions: FloatArray) -> Indices:
    """Pick as many draws as a discrepancy takes, of those whose log density is known.

    Parameters
    ----------
    log_p : ndarray, shape (draw,)
    positions : ndarray, shape (draw, unconstrained)

    Returns
    -------
    ndarray of int
        Evenly spaced.
    """
    among = np.flatnonzero(np.isfinite(log_p) & np.isfinite(positions).all(axis=1))
    return among[:: max(1, -(-among.size // MAX_POINTS))]


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
    if n == 0 or n >= wanted or not _is_cheap(density, first, wanted, further.cost_s):
        return None
    drawn = further.draw(wanted)
    if drawn is None:
        return None
    points, log_q = drawn
    return Scores(log_p=_log_density(density, points), log_q=log_q)


def _is_cheap(density: Density, first: Evaluated, n_draws: int, cost_s: float) -> bool:
    """Whether so many more draws take little time.

    The fastest of some trials counts, so that what else the machine does changes no table.
    """
    assert first.positions is not None  # noqa: S101 - evaluated draws have theirs
    draw_time_s = first.draw_time_s
    few = first.positions[: max(1, len(first.positions) // MAX_POINTS)]
    for _ in range(_N_TRIALS):
        if cost_s + n_draws * draw_time_s <= _MAX_S:
            return True
        start = time.perf_counter()
        density.log_density(few)
        draw_time_s = min(draw_time_s, (time.perf_counter() - start) / len(few))
    return False

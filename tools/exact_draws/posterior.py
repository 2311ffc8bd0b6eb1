"""A posterior that is known, exact draws from it, and approximations with a fault."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Floats = npt.NDArray[np.float64]

#: Correlation of neighbouring parameters.
CORRELATION = 0.7
#: What is left of an sd that has collapsed.
COLLAPSED = 0.1


class Draws(StrEnum):
    """What the fit's draws are."""

    EXACT = "exact"
    PARAMETER = "one parameter at a tenth of its sd"
    DIRECTION = "one random direction at a tenth of its sd"


def draw(rng: np.random.Generator, shape: tuple[int, int], d: int) -> Floats:
    """Draw from a Gaussian whose parameters are a stationary autoregression.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        Chains and draws; all draws are independent.
    d : int
        Parameters.

    Returns
    -------
    ndarray, shape (chain, draw, d)
    """
    return _colour(rng.standard_normal((*shape, d)))


def log_weights(values: Floats, faulty: Floats) -> Floats:
    """Return log importance weights of draws with a fault, up to one constant, in nats.

    Parameters
    ----------
    values, faulty : ndarray (chain, draw, d)
        Exact draws, and what :func:`with_fault` made of them by one linear map.

    Returns
    -------
    ndarray, shape (chain, draw)
        Log density of the posterior at the faulty draws minus that of their own distribution.
    """
    target, own = (np.sum(_whiten(each) ** 2, axis=-1) for each in (faulty, values))
    weights: Floats = (own - target) / 2
    return weights


def further_log_weights(rng: np.random.Generator, n: int) -> Floats:
    """Return those of further draws: they depend on the direction that has collapsed alone."""
    weights: Floats = (1 - COLLAPSED**2) / 2 * rng.standard_normal(n) ** 2
    return weights


def gradients(points: Floats, unit: Floats) -> tuple[Floats, Floats]:
    """Return the gradients of two log densities.

    Parameters
    ----------
    points : ndarray (n, d)
    unit : ndarray (d,)
        The direction that has collapsed, from :func:`with_fault`.

    Returns
    -------
    ndarray, shape (n, d)
        Of the posterior.
    ndarray, shape (n, d)
        Of the distribution of draws that have collapsed.
    """
    white = _whiten(points)
    narrow = white + (COLLAPSED**-2 - 1) * (white @ unit)[:, None] * unit
    return -_whiten_transposed(white), -_whiten_transposed(narrow)


def with_fault(
    values: Floats, kind: Draws, rng: np.random.Generator
) -> tuple[Floats, Floats | None]:
    """Let draws collapse in one direction, around their mean of zero.

    Parameters
    ----------
    values : ndarray (chain, draw, d)
        Exact draws.
    kind : Draws
    rng : numpy.random.Generator
        Picks the parameter or the direction.

    Returns
    -------
    ndarray, same shape
        The sd in this direction, and in no other that is independent of it, is a tenth.
    ndarray, shape (d,), or None
        The random direction, on the scale where all parameters are independent with sd 1.
    """
    d = values.shape[-1]
    if kind is Draws.EXACT:
        return values, None
    if kind is Draws.PARAMETER:
        faulty = values.copy()
        faulty[..., rng.integers(d)] *= COLLAPSED
        return faulty, None
    white = _whiten(values)
    unit = rng.standard_normal(d)
    unit /= np.linalg.norm(unit)
    white -= (1 - COLLAPSED) * (white @ unit)[..., None] * unit
    return _colour(white), unit


def _whiten(values: Floats) -> Floats:
    white = values.copy()
    white[..., 1:] -= CORRELATION * values[..., :-1]
    white[..., 1:] /= np.sqrt(1 - CORRELATION**2)
    return white


def _whiten_transposed(values: Floats) -> Floats:
    scale = np.sqrt(1 - CORRELATION**2)
    back: Floats = values / scale
    back[..., 0] = values[..., 0]
    back[..., :-1] -= CORRELATION / scale * values[..., 1:]
    return back


def _colour(white: Floats) -> Floats:
    scale = np.sqrt(1 - CORRELATION**2)
    first = white.copy()
    first[..., 0] /= scale  # the filter begins at its stationary sd
    return np.asarray(lfilter([scale], [1.0, -CORRELATION], first, axis=-1), dtype=np.float64)

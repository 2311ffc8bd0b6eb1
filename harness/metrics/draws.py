"""Check draws: their shapes, their number, and that they are finite.

The number of axes says how draws came about, everywhere in this package. For one quantity,
(n_draws,) are independent draws and (chain, draw) are Markov chains; for d quantities,
(n_draws, d) and (chain, draw, d).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from arviz_stats.base import array

from harness.errors import HarnessError

Floats = npt.NDArray[np.float64]

# arviz_stats has no annotations: this is where the untyped part begins and ends.
array_stats: Any = array.array_stats


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A Monte Carlo estimate and its standard error.

    Attributes
    ----------
    value : float
        The estimate, in the units that its function names.
    mcse : float
        Its Monte Carlo standard error, in the same units; NaN where none can be given.
    """

    value: float
    mcse: float


def scalar_draws(draws: npt.ArrayLike, *, name: str) -> Floats:
    """Check the draws of one quantity.

    Parameters
    ----------
    draws : array (n_draws,) or (chain, draw)
        Independent draws, or Markov chains; at least 4 along the last axis.
    name : str
        What to call them in an error.

    Returns
    -------
    ndarray of float, same shape

    Raises
    ------
    HarnessError
        If the shape is another one or a value is not finite.
    """
    return _checked(draws, name=name, shapes="(n_draws,) or (chain, draw)", n_axes=1)


def vector_draws(draws: npt.ArrayLike, *, name: str) -> Floats:
    """Check the draws of d quantities.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)
        Independent draws, or Markov chains; at least 4 along the draws' axis.
    name : str
        What to call them in an error.

    Returns
    -------
    ndarray of float, same shape

    Raises
    ------
    HarnessError
        If the shape is another one or a value is not finite.
    """
    return _checked(draws, name=name, shapes="(n_draws, d) or (chain, draw, d)", n_axes=2)


def flatten(draws: Floats) -> Floats:
    """Join the chains of d quantities.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)

    Returns
    -------
    ndarray (n_chains * n_draws, d)
    """
    return draws.reshape(-1, draws.shape[-1])


def tail_shape(draws: Floats, *, tail: str = "both") -> float:
    """Shape of the tails of draws, the larger one: 1 / shape moments are finite.

    Parameters
    ----------
    draws : array (chain, draw)
        Independent draws are one chain.
    tail : str
        ``left``, ``right`` or ``both``.

    Returns
    -------
    float
        NaN where all draws in a tail are equal, or there are too few.

    References
    ----------
    Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72), as in arviz_stats.
    """
    try:
        with np.errstate(all="ignore"):
            # of one chain the library would estimate an effective sample size
            r_eff = 1.0 if len(draws) == 1 else None
            return float(array_stats.pareto_khat(draws, tail=tail, r_eff=r_eff))
    except ValueError:
        return float("nan")


def _checked(draws: npt.ArrayLike, *, name: str, shapes: str, n_axes: int) -> Floats:
    values = np.asarray(draws, dtype=float)
    if values.ndim not in {n_axes, n_axes + 1} or values.size == 0:
        raise HarnessError(f"{name} must have shape {shapes}; got {values.shape}")
    n_draws = values.shape[-n_axes]
    if n_draws < 4:
        raise HarnessError(f"{name} has {n_draws} draws per chain; at least 4 are needed")
    if not np.all(np.isfinite(values)):
        n_bad = int(np.sum(~np.isfinite(values)))
        raise HarnessError(f"{name} holds {n_bad} values that are not finite")
    return values

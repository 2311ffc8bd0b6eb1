"""Exact draws with heavy tails, with faults of one parameter, and the verdicts on them, counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import arviz_base
import numpy as np

from harness.verdict.criteria import Verdict
from tools.exact_draws.posterior import Floats
from tools.exact_draws.trials import N_DRAWS, REFERENCE_SHAPE, tally, verdict_on

Draw = Callable[[np.random.Generator, tuple[int, int], int], Floats]


def _independent_t(degrees: float) -> Draw:
    """Give each parameter a Student-t distribution."""
    return lambda rng, shape, d: rng.standard_t(degrees, (*shape, d))


def _common_t(degrees: float) -> Draw:
    """Draw from a multivariate Student-t distribution, of one scale for all parameters."""

    def draw(rng: np.random.Generator, shape: tuple[int, int], d: int) -> Floats:
        scale = np.sqrt(rng.chisquare(degrees, (*shape, 1)) / degrees)
        return np.asarray(rng.standard_normal((*shape, d)) / scale)

    return draw


def _lognormal(rng: np.random.Generator, shape: tuple[int, int], d: int) -> Floats:
    return np.asarray(np.exp(rng.standard_normal((*shape, d))))


def _groups(rng: np.random.Generator, shape: tuple[int, int], d: int) -> Floats:
    """Draw a lognormal scale, and effects of groups that have it in common."""
    scale = np.exp(rng.standard_normal((*shape, 1)))
    effects = scale * rng.standard_normal((*shape, d - 1))
    return np.concatenate([scale, effects], axis=-1)


def _half_cauchy(rng: np.random.Generator, shape: tuple[int, int], d: int) -> Floats:
    """Draw one scale with a half-Cauchy distribution beside Gaussian parameters."""
    draws: Floats = rng.standard_normal((*shape, d))
    draws[..., 0] = np.abs(rng.standard_cauchy(shape))
    return draws


#: How exact draws are made.
TAILS: Mapping[str, Draw] = {
    "Student-t, 5 degrees": _independent_t(5),
    "Student-t, 3 degrees": _independent_t(3),
    "multivariate Student-t, 3 degrees": _common_t(3),
    "multivariate Student-t, 2 degrees": _common_t(2),
    "lognormal": _lognormal,
    "lognormal scale, effects of groups": _groups,
    "one half-Cauchy, others Gaussian": _half_cauchy,
}


class Fault(StrEnum):
    """What is wrong with the fit's draws of one parameter."""

    NONE = "exact"
    TENTH = "one parameter at a tenth of its width"
    NARROW = "one parameter at 0.7 of its width"
    SHIFT = "one parameter shifted by 0.5"


_FACTORS = {Fault.TENTH: 0.1, Fault.NARROW: 0.7}
_SHIFT = 0.5
_SD_PER_MAD = 1.4826


def with_fault(values: Floats, fault: Fault, *, j: int) -> Floats:
    """Change one parameter around its median.

    Parameters
    ----------
    values : ndarray (chain, draw, d)
    fault : Fault
        A shift is in sds of a Gaussian with the same median absolute deviation.
    j : int
        The parameter.

    Returns
    -------
    ndarray, same shape
    """
    faulty = values.copy()
    middle = np.median(values[..., j])
    away = values[..., j] - middle
    shift = _SHIFT * _SD_PER_MAD * np.median(np.abs(away)) if fault is Fault.SHIFT else 0.0
    faulty[..., j] = middle + _FACTORS.get(fault, 1.0) * away + shift
    return faulty


def count_heavy(
    tails: str, d: int, fault: Fault, *, repeats: Iterable[int], seed: int
) -> tuple[Counter[Verdict], Counter[str]]:
    """Judge draws again and again.

    Parameters
    ----------
    tails : str
        One of `TAILS`.
    d : int
        Parameters.
    fault : Fault
    repeats : iterable of int
        The trials, by their numbers.
    seed : int
        Decides all of them, with their numbers.

    Returns
    -------
    verdicts, decided_by : Counter
        By verdict, and the criteria of all but *trust*.
    """

    def judged(repeat: int) -> tuple[Verdict, str]:
        rng = np.random.default_rng(
            [seed, d, list(TAILS).index(tails), list(Fault).index(fault), repeat]
        )
        reference = TAILS[tails](rng, REFERENCE_SHAPE, d)
        exact = TAILS[tails](rng, (1, N_DRAWS), d)
        theta = with_fault(exact, fault, j=int(rng.integers(d)))
        tree = arviz_base.from_dict({"posterior": {"theta": theta}})
        return verdict_on(tree, theta, reference, seed=repeat)

    return tally(map(judged, repeats))

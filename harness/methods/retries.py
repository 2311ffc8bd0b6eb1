"""Try a fit again with another seed when CmdStan gives none."""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from harness.errors import FitError
from harness.fits.fit import Fit
from harness.messages.faults import kind_of

#: Keeps the generator of later attempts' seeds apart from the one that draws rows.
_SEEDS_STREAM = 2


def attempt_seed(seed: int, attempt: int) -> int:
    """Return the seed of an attempt: the run's own for the first, then hashes of it.

    Parameters
    ----------
    seed : int
        The run's.
    attempt : int
        Counted from 0.

    Returns
    -------
    int
        From 1 to 2**31 - 1.
    """
    if attempt == 0:
        return seed
    return int(np.random.default_rng([seed, _SEEDS_STREAM, attempt]).integers(1, 2**31))


def fit_with_retries(fit: Callable[[int], Fit], *, seed: int, max_retries: int) -> Fit:
    """Fit, and again with a derived seed after a failure.

    Parameters
    ----------
    fit : callable
        Takes a seed; raises :class:`FitError` if CmdStan gives no fit.
    seed : int
        The run's.
    max_retries : int
        Attempts after the first.

    Returns
    -------
    Fit
        With ``n_retries`` set, a warning for each failed attempt, and their time in
        ``fit_time_s`` and ``run_time_s``; their gradients are not counted, CmdStan doesn't tell.

    Raises
    ------
    FitError
        If no attempt gives a fit; the message has each attempt's reason.
    """
    seeds = [attempt_seed(seed, attempt) for attempt in range(max_retries + 1)]
    reasons: list[str] = []
    start = time.perf_counter()
    for attempt, own_seed in enumerate(seeds):
        lost_s = time.perf_counter() - start if attempt else 0.0
        try:
            return _with_history(fit(own_seed), reasons, seeds, lost_s=lost_s)
        except FitError as error:
            reasons.append(str(error))
    if len(reasons) == 1:
        raise FitError(reasons[0])
    if len(set(map(kind_of, reasons))) == 1:
        tried = ", ".join(map(str, seeds))
        raise FitError(f"all {len(seeds)} attempts (seeds {tried}) failed: {reasons[0]}")
    raise FitError(f"all {len(seeds)} attempts failed: {'; '.join(_told(reasons, seeds))}")


def _told(reasons: list[str], seeds: list[int]) -> tuple[str, ...]:
    """Say of the failed attempts why, each reason once."""
    by_kind: dict[str, list[int]] = {}
    for attempt, reason in enumerate(reasons):
        by_kind.setdefault(kind_of(reason), []).append(attempt)
    return tuple(
        f"{_attempts(which)} (seed{'s' if len(which) > 1 else ''} "
        f"{', '.join(str(seeds[attempt]) for attempt in which)}) failed: {reasons[which[0]]}"
        for which in by_kind.values()
    )


def _attempts(which: list[int]) -> str:
    """Name attempts, which are counted from 0."""
    *others, last = [str(attempt + 1) for attempt in which]
    return f"attempts {', '.join(others)} and {last}" if others else f"attempt {last}"


def _with_history(fit: Fit, reasons: list[str], seeds: list[int], *, lost_s: float) -> Fit:
    """Add what the failed attempts cost and why they failed."""
    cost = fit.cost
    return dataclasses.replace(
        fit,
        diagnostics=dataclasses.replace(fit.diagnostics, n_retries=len(reasons)),
        fit_time_s=None if fit.fit_time_s is None else fit.fit_time_s + lost_s,
        cost=dataclasses.replace(
            cost, run_time_s=None if cost.run_time_s is None else cost.run_time_s + lost_s
        ),
        warnings=(*_told(reasons, seeds), *fit.warnings),
    )

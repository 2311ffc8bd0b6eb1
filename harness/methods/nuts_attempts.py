"""Chains that are to serve as a reference: run again until they can, each attempt told."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import lazy_loader as lazy
import numpy as np

from harness import metrics
from harness.errors import FitError
from harness.fits.fit import Cost, Fit
from harness.messages.numerals import counted
from harness.methods.retries import attempt_seed

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Longer chains are worth it up to this many times the draws, and if they have mixed at all.
_MOST_DRAWS = 4
_FEWEST_ESS = 100.0
#: Room for the error of an effective sample size.
_SPARE = 1.25


class Chains(Protocol):
    """What of a sampler's options an attempt may change."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def n_draws(self) -> int:
        """Draws of each chain."""
        ...

    @property
    def adapt_delta(self) -> float:
        """Target acceptance statistic."""
        ...


def run_attempts[Sampler: Chains](
    method: Sampler,
    sample: Callable[[Sampler, int], Fit],
    *,
    seed: int,
    adapt_deltas: tuple[float, ...],
    min_ess: int | None,
    most_divergent: float = 1.0,
) -> Fit:
    """Sample, and again where transitions diverge or the effective draws are too few.

    Parameters
    ----------
    method : Chains
    sample : callable
        Takes the method as it is to run, and a seed.
    seed : int
        The run's.
    adapt_deltas : tuple of float
        Target acceptance statistics to try, in order, while transitions diverge.
    min_ess : int, optional
        Bulk and tail effective draws to have of every quantity, where longer chains can give them.
    most_divergent : float
        The part of the transitions that may diverge for smaller steps to be tried.

    Returns
    -------
    Fit
        The last attempt, with the time and the gradients of all, and a sentence about each.

    Raises
    ------
    FitError
        If the first attempt gives no fit.
    """
    left = [delta for delta in adapt_deltas if delta > method.adapt_delta]
    fits = [sample(method, seed)]
    told = [_told(method, fits[0])]
    is_lengthened = False
    while True:
        if fits[-1].diagnostics.n_divergent:
            is_hopeless = most_divergent < 1 and _divergent_share(fits[-1]) > most_divergent
            if not left or is_hopeless:
                break
            method = dataclasses.replace(method, adapt_delta=left.pop(0))
        else:
            times = 1 if is_lengthened or min_ess is None else _times(fits[-1], min_ess)
            if times == 1:
                break
            is_lengthened = True
            method = dataclasses.replace(method, n_draws=times * method.n_draws)
        try:
            fits.append(sample(method, attempt_seed(seed, len(fits))))
        except FitError as error:
            told.append(f"adapt_delta {method.adapt_delta:g}: {error}")
            break
        told.append(_told(method, fits[-1]))
    return _summed(fits, tuple(told))


def _divergent_share(fit: Fit) -> float:
    """Return the part of the transitions that diverged."""
    sizes = fit.read_draws()["posterior"].sizes
    return (fit.diagnostics.n_divergent or 0) / (sizes["chain"] * sizes["draw"])


def _times(fit: Fit, min_ess: int) -> int:
    """Return how many times longer the chains should be."""
    ess = smallest_ess(fit.read_draws()["posterior"].to_dataset())
    if ess >= min_ess or not ess >= _FEWEST_ESS:
        return 1
    return int(min(np.ceil(_SPARE * min_ess / ess), _MOST_DRAWS))


def smallest_ess(posterior: "xr.Dataset") -> float:
    """Return the smallest bulk or tail effective sample size of what varies.

    Parameters
    ----------
    posterior : Dataset
        Variables with the dimensions (chain, draw, ...).

    Returns
    -------
    float
        NaN if nothing varies.
    """
    found = [np.nan]
    for values in posterior.data_vars.values():
        array = values.to_numpy()
        flat = array.reshape(*array.shape[:2], -1).astype(np.float64)
        for batch in metrics.batch.batches_of(flat) if flat.size else ():
            found += [*batch.ess_bulk, *batch.ess_tail]
    known = np.array(found)[np.isfinite(found)]
    return float(known.min()) if known.size else float("nan")


def _told(method: Chains, fit: Fit) -> str:
    """Say what an attempt ran and gave."""
    n_divergent = fit.diagnostics.n_divergent or 0
    return (
        f"adapt_delta {method.adapt_delta:g}, {method.n_draws:,} draws per chain: "
        f"{counted(n_divergent, 'transition')} diverged"
    )


def _summed(fits: list[Fit], told: tuple[str, ...]) -> Fit:
    """Return the last fit with the costs of all of them."""
    if len(told) == 1:
        return fits[0]
    costs = [fit.cost for fit in fits]
    times = [fit.fit_time_s for fit in fits]
    return dataclasses.replace(
        fits[-1],
        fit_time_s=_sum(times),
        cost=Cost(
            adapt_time_s=_sum([cost.adapt_time_s for cost in costs]),
            run_time_s=_sum([cost.run_time_s for cost in costs]),
            n_gradients=_sum([cost.n_gradients for cost in costs]),
        ),
        diagnostics=dataclasses.replace(
            fits[-1].diagnostics, n_retries=len(told) - 1, attempts=told
        ),
    )


def _sum[Number: (int, float)](values: list[Number | None]) -> Number | None:
    """Add what is known of all."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if len(known) == len(values) else None

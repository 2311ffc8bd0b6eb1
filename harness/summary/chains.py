"""Whether the chains of all fits of a data set have been in the same places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.quantities import Named, is_constant
from harness.messages.numerals import beside_limit
from harness.summary.against import batches
from harness.verdict.rules import R_HAT_ALL_LIMIT


@dataclass(frozen=True, kw_only=True)
class AllChains:
    """R-hat of each quantity over the chains of all fits; the largest one.

    Attributes
    ----------
    r_hat : float
        NaN if no quantity has one.
    name : str
        The quantity.
    """

    r_hat: float
    name: str

    @property
    def are_apart(self) -> bool:
        """Whether some chains have been where others have not."""
        return bool(self.r_hat > R_HAT_ALL_LIMIT)

    @property
    def problem(self) -> str:
        """Say so, as a reason why none of them is a reference."""
        shown, limit = beside_limit(self.r_hat, R_HAT_ALL_LIMIT)
        return (
            f"R-hat of {self.name} over the chains of all fits is {shown}, above {limit}: some "
            "chains have been where others have not"
        )


def all_chains(fits: Sequence[Named], *, reference: Named | None = None) -> AllChains:
    """Take the chains of several fits together.

    Parameters
    ----------
    fits : sequence of Mapping
        The judged quantities of at least two fits, each of shape (chain, draw); of longer chains
        the draws are thinned evenly. Quantities that a fit lacks, and constants, do not count.
    reference : Mapping, optional
        The fit among them that the others are measured against. A quantity that varies there and
        not in another fit does not count: the error of that fit tells that its chains are stuck,
        which says nothing of all others.

    Returns
    -------
    AllChains
    """
    names = [
        name
        for name in fits[0]
        if all(name in fit for fit in fits) and _counts(name, fits, reference)
    ]
    if not names:
        return AllChains(r_hat=float("nan"), name="")
    n_draws = min(fit[name].shape[1] for fit in fits for name in names[:1])
    together = [np.concatenate([_thinned(fit[name], n_draws) for fit in fits]) for name in names]
    r_hat = np.concatenate([batch.r_hat for batch in batches(together)])
    if np.isnan(r_hat).all():
        return AllChains(r_hat=float("nan"), name="")
    worst = int(np.nanargmax(r_hat))
    return AllChains(r_hat=float(r_hat[worst]), name=names[worst])


def _counts(name: str, fits: Sequence[Named], reference: Named | None) -> bool:
    """Whether a quantity says something of all chains."""
    if reference is not None and not is_constant(reference[name]):
        return not any(is_constant(fit[name]) for fit in fits)
    return not all(is_constant(fit[name]) for fit in fits)


def _thinned(draws: FloatArray, n_draws: int) -> FloatArray:
    """Take so many draws of each chain, evenly spaced."""
    kept = np.linspace(0, draws.shape[1] - 1, n_draws).round().astype(int)
    picked: FloatArray = draws[:, kept]
    return picked

"""A reference as fits are measured against it: what is computed of it serves all of them."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.quantities import RAW, Named, Quantities, free_names, is_constant, stack
from harness.metrics.batch import BATCH_SIZE, Batch
from harness.metrics.joint import JointReference
from harness.metrics.subspace import MOST_PARAMETERS
from harness.summary.reference import ReferenceDraws


class Against:
    """Reference draws, read when a fit is measured against them.

    Parameters
    ----------
    read : callable
        Gives the draws.
    """

    def __init__(self, read: Callable[[], ReferenceDraws]) -> None:
        self._read = read
        self._batches: dict[tuple[str, tuple[str, ...]], list[Batch]] = {}
        self._joint: dict[tuple[str, ...], JointReference] = {}
        self._free: dict[frozenset[str], tuple[str, ...]] = {}

    @cached_property
    def draws(self) -> ReferenceDraws:
        """The draws with their title."""
        return self._read()

    @property
    def quantities(self) -> Quantities:
        """The draws, as chains."""
        return self.draws.quantities

    def named(self, labels: str) -> Named:
        """Return the quantities of a way of naming: named components stand under their order."""
        if labels == RAW:
            return self.quantities.judged
        return self.quantities.by_labels.get(labels, {})

    def batches(self, labels: str, names: Sequence[str]) -> list[Batch]:
        """Return some quantities in batches.

        Parameters
        ----------
        labels : str
            The way of naming.
        names : sequence of str

        Returns
        -------
        list of Batch
        """
        source = self.quantities.judged_labels if labels == RAW else labels
        key = (source, tuple(names))
        if key not in self._batches:
            named = self.named(labels)
            self._batches[key] = batches([named[name] for name in names])
        return self._batches[key]

    def free_names(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return those of some parameters that vary and are no functions of each other.

        Of more parameters than are judged in all combinations nobody asks for the latter.

        Parameters
        ----------
        known : sequence of str
            The parameters that the fit has.

        Returns
        -------
        tuple of str
        """
        key = frozenset(known)
        if key not in self._free:
            judged = self.quantities.judged
            varying = {n: judged[n] for n in judged if n in key and not is_constant(judged[n])}
            few = len(varying) <= MOST_PARAMETERS
            self._free[key] = free_names(varying) if few else tuple(varying)
        return self._free[key]

    def stacked(self, names: tuple[str, ...]) -> FloatArray:
        """Return some quantities side by side, shape (chain, draw, d)."""
        return stack(self.quantities.judged, names)

    def joint(self, names: tuple[str, ...]) -> JointReference:
        """Return these quantities as what fits are compared with, all together."""
        if names not in self._joint:
            self._joint[names] = JointReference(self.stacked(names))
        return self._joint[names]


def batches(draws: Sequence[FloatArray], *, worth: float | None = None) -> list[Batch]:
    """Put the draws of quantities, all of one shape, into batches in their order."""
    return [
        Batch(np.stack(draws[i : i + BATCH_SIZE]), worth=worth)
        for i in range(0, len(draws), BATCH_SIZE)
    ]

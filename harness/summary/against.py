"""A reference as fits are measured against it: what is computed of it serves all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.quantities import RAW, Named, Quantities, free_names, is_constant, stack
from harness.metrics.batch import BATCH_SIZE, Batch
from harness.metrics.joint import JointReference
from harness.metrics.subspace import MOST_PARAMETERS
from harness.summary.reference import ReferenceDraws


@dataclass(frozen=True, kw_only=True, eq=False)
class Positions:
    """Draws on the unconstrained scale of a program.

    Attributes
    ----------
    draws : ndarray, shape (chain, draw, d)
        The coordinates that are judged.
    sd : ndarray, shape (n_unconstrained,)
        Of all coordinates.
    """

    draws: FloatArray
    sd: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class OnScale:
    """The reference on such a scale.

    Attributes
    ----------
    reference : JointReference
        What fits are compared with there.
    sd : ndarray, shape (n_unconstrained,)
        Of all coordinates.
    """

    reference: JointReference
    sd: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class FreeDraws:
    """A fit and its reference on one unconstrained scale.

    Attributes
    ----------
    draws : ndarray, shape (chain, draw, d)
        Of the fit.
    reference : JointReference
    """

    draws: FloatArray
    reference: JointReference


class Against:
    """Reference draws, read when a fit is measured against them.

    Parameters
    ----------
    read : callable
        Gives the draws.
    elements : callable, optional
        Gives the elements of some variables of it; of draws from elsewhere they are among those
        that are judged.
    """

    def __init__(
        self,
        read: Callable[[], ReferenceDraws],
        *,
        elements: Callable[[Sequence[str]], Named] | None = None,
    ) -> None:
        self._read = read
        self._elements = elements
        self._batches: dict[tuple[str, tuple[str, ...]], list[Batch]] = {}
        self._stacked: dict[tuple[str, ...], FloatArray] = {}
        self._joint: dict[tuple[str, ...], JointReference] = {}
        self._free: dict[frozenset[str], tuple[str, ...]] = {}
        self._on_scale: dict[str, OnScale | None] = {}

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

    def elements(self, variables: Sequence[str]) -> Named:
        """Return the elements of some variables, as far as they are known."""
        return self.quantities.judged if self._elements is None else self._elements(variables)

    def on_scale(self, scale: str, find: Callable[[], Positions | None]) -> OnScale | None:
        """Return the draws on the unconstrained scale of a program, found once.

        Parameters
        ----------
        scale : str
            The program.
        find : callable
            Gives the draws there; None if they cannot be known.

        Returns
        -------
        OnScale or None
        """
        if scale not in self._on_scale:
            found = find()
            self._on_scale[scale] = (
                None
                if found is None
                else OnScale(reference=JointReference(found.draws), sd=found.sd)
            )
        return self._on_scale[scale]

    def stacked(self, names: tuple[str, ...]) -> FloatArray:
        """Return some quantities side by side, shape (chain, draw, d)."""
        if names not in self._stacked:
            self._stacked[names] = stack(self.quantities.judged, names)
        return self._stacked[names]

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

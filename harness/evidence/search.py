"""What a search for modes has found: modes, their parts of the mass, and whose points are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.proposal import Component, Mixture
from harness.messages.numerals import counted, numeral

#: Why a place is given up.
DEAR = "the density takes many times as long there as elsewhere"


@dataclass(frozen=True, kw_only=True, eq=False)
class PosteriorMode:
    """A point with definite curvature.

    Attributes
    ----------
    point : ndarray, shape (d,)
    factor : ndarray, shape (d, d)
        Lower Cholesky factor of the covariance, the negative inverse Hessian.
    log_mass : float
        Of Laplace's approximation, in nats.
    gradient : float
        Norm of the gradient there in posterior sds.
    is_wide : bool
        Whether this is no point of its own, but what is far around another one.
    """

    point: FloatArray
    factor: FloatArray
    log_mass: float
    gradient: float
    is_wide: bool = False

    def distance(self, point: FloatArray) -> float:
        """Return how far a point is, in posterior sds of this mode."""
        return float(np.linalg.norm(solve_triangular(self.factor, point - self.point, lower=True)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What the starts have reached.

    Attributes
    ----------
    modes : tuple of PosteriorMode
        The one with the largest mass first.
    n_starts : int
        Starts with a density, without those that lie far away in units of a mode.
    n_reached : int
        Of them, those that ended at one of the modes.
    n_dear, n_dear_far : int
        Of the starts, and of starts and points that lie far away in units of a mode: those that
        were given up because the density takes much longer there.
    ends : ndarray, shape (end, d)
        Where all starts have ended.
    is_endless : bool
        Whether the density does not fall from one of the ends, however far one goes.
    """

    modes: tuple[PosteriorMode, ...]
    n_starts: int
    n_reached: int
    ends: FloatArray
    n_dear: int = 0
    n_dear_far: int = 0
    is_endless: bool = False

    @property
    def shares(self) -> FloatArray:
        """The modes' parts of the mass, by Laplace's approximation."""
        return shares_of(self.modes)

    def words(self) -> str:
        """Say how many starts have ended at modes, and what parts of the mass these have."""
        n, n_parts = sum(not mode.is_wide for mode in self.modes), len(self.modes)
        ended = f"{self.n_reached} of {counted(self.n_starts, 'start')}"
        found = f"{ended} ended at {counted(n, 'mode')}"
        found += ", with further mass far around" if n < n_parts else ""
        if n_parts > 1:
            shares = [numeral(100 * share, 2) + "%" for share in self.shares[:3]]
            more = " and less" if n_parts > len(shares) else ""
            found += f", of {', '.join(shares)} of the mass{more}"
        never = "; from an end the density does not fall, however far one goes"
        return found + self._given_up() + (never if self.is_endless else "")

    def _given_up(self) -> str:
        """Say what is not known because it would take too long."""
        given_up = [
            f"{self.n_dear} of the starts" if self.n_dear else "",
            counted(self.n_dear_far, "place") + " far around" if self.n_dear_far else "",
        ]
        places = " and ".join(filter(None, given_up))
        was = "was" if self.n_dear + self.n_dear_far == 1 else "were"
        return f"; {places} {was} given up, because {DEAR}" if places else ""

    def regions(self) -> "Regions":
        """Return which points are which mode's."""
        parts = tuple(Component(mean=mode.point, factor=mode.factor) for mode in self.modes)
        log_shares = np.log(np.maximum(self.shares, 1e-300))
        return Regions(parts=Mixture(components=parts, df=5.0), log_shares=log_shares)

    def mixture(self) -> Mixture:
        """Return the Gaussians at all modes, those with no mass to speak of left out."""
        return mixture_of(self.modes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """The parts of space that belong to modes."""

    parts: Mixture
    log_shares: FloatArray

    def nearest(self, points: FloatArray) -> npt.NDArray[np.intp]:
        """Return the number of the mode whose share of the density is largest at each point."""
        return np.argmax(self.parts.log_terms(points) + self.log_shares, axis=1)


def shares_of(modes: Sequence[PosteriorMode]) -> FloatArray:
    """Return the parts of modes of the mass that they have together."""
    masses = np.array([mode.log_mass for mode in modes])
    shares: FloatArray = np.exp(masses - logsumexp(masses)) if masses.size else masses
    return shares


def mixture_of(modes: Sequence[PosteriorMode]) -> Mixture:
    """Return the Gaussians at modes, those with no mass to speak of left out."""
    return Mixture(
        components=tuple(
            Component(mean=mode.point, factor=mode.factor, share=float(share))
            for mode, share in zip(modes, shares_of(modes), strict=True)
            if share > 1e-6
        )
    )

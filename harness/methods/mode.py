"""A mode of the log density, found to a stated accuracy, with the curvature there."""

from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.methods.counted_density import CountedDensity, reasons

#: A mode is found when the next Newton step would move it by less, in posterior sds.
TOLERANCE_SD = 1e-4
#: Newton steps towards it.
_MAX_STEPS = 50
#: Times a step is halved.
_MAX_HALVED = 30
#: A direction is flat if its curvature is less than this part of that of single coordinates.
_FLAT = 1e-9
#: Steps beside a maximum take curvatures as at least this part.
_LEAST = 1e-3
#: So far from a mode the log density must have fallen by so much, in every direction; that of a
#: Gaussian falls by 2.
_AROUND_SD, _LEAST_FALL = 2.0, 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalMode:
    """A mode.

    Attributes
    ----------
    point : ndarray, shape (d,)
        On the unconstrained scale.
    lower : ndarray, shape (d, d)
        Cholesky factor of the inverse of the negative Hessian.
    n_steps : int
        Newton steps to it.
    gap_sd : float or None
        How far a further step would move the point, in posterior sds: the norm of the gradient,
        preconditioned by the curvature. None where it says nothing.
    """

    point: FloatArray
    lower: FloatArray
    n_steps: int
    gap_sd: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curvature:
    """The negative Hessian, in coordinates whose own curvatures are 1 or -1."""

    scale: FloatArray
    values: FloatArray
    vectors: FloatArray
    largest: float

    @property
    def is_maximum(self) -> bool:
        """Whether the density falls in all directions."""
        return bool(self.values[0] > _FLAT)

    def step(self, gradient: FloatArray) -> FloatArray:
        """Return a Newton step; uphill also where the density is not concave."""
        curvature = np.maximum(np.abs(self.values), 0 if self.is_maximum else _LEAST)
        step: FloatArray = self.scale * (
            (self.vectors / curvature) @ (self.vectors.T @ (self.scale * gradient))
        )
        return step

    def root(self) -> FloatArray:
        """Return a root of the inverse: principal axes of length 1 sd as columns."""
        root: FloatArray = self.scale[:, None] * self.vectors / np.sqrt(self.values)
        return root

    def lower(self) -> FloatArray:
        """Return the Cholesky factor of the inverse."""
        upper = np.linalg.qr(self.root().T, mode="r")
        lower: FloatArray = (upper * np.sign(np.diag(upper))[:, None]).T
        return lower


def polished(density: CountedDensity, start: FloatArray) -> LocalMode:
    """Move a point to the mode beside it by Newton steps.

    Parameters
    ----------
    density : CountedDensity
    start : ndarray, shape (d,)
        Where an optimiser has ended.

    Returns
    -------
    LocalMode
        Where a further step would be shorter than :data:`TOLERANCE_SD` posterior sds.

    Raises
    ------
    FitError
        If there is no mode beside the point: a boundary, a saddle or a plateau; the message has
        the Hessian's largest eigenvalue.
    """
    point = np.asarray(start, dtype=np.float64)
    length = np.inf
    for n_steps in range(_MAX_STEPS):
        value, gradient = density.gradient(point)
        here = _curvature(density, point, gradient)
        step = here.step(gradient)
        length = float(np.sqrt(gradient @ step))
        if length < TOLERANCE_SD:
            if not here.is_maximum:
                raise _no_mode(here)
            _refuse_plateau(density, point, here, value=float(value))
            return LocalMode(point=point, lower=here.lower(), n_steps=n_steps, gap_sd=length)
        point = _uphill(density, point, step, value=float(value))
    raise FitError(
        f"there is no mode nearby: after {_MAX_STEPS} Newton steps it would still be "
        f"{length:.3g} posterior sds away, and the Hessian has the eigenvalue {here.largest:.3g}"
    )


def unmoved(density: CountedDensity, point: FloatArray) -> LocalMode:
    """Take a point for a mode, as one does for unit vectors: their lengths have none.

    Raises
    ------
    FitError
        If the density is not curved there as at a mode.
    """
    here = _curvature(density, point, np.zeros_like(point))
    if not here.is_maximum:
        raise _no_mode(here)
    return LocalMode(point=point, lower=here.lower(), n_steps=0)


def _no_mode(here: _Curvature) -> FitError:
    """Say that a point is a saddle or lies on a plateau."""
    return FitError(
        "the point that was found is no mode: the Hessian has the eigenvalue "
        f"{here.largest:.3g} there, and all must be negative"
    )


def _curvature(density: CountedDensity, point: FloatArray, gradient: FloatArray) -> _Curvature:
    """Return the curvature at a point."""
    negative = -density.hessian(point)
    if not (np.isfinite(negative).all() and np.isfinite(gradient).all()):
        raise FitError(f"the Hessian at the mode is not finite{reasons(density)}")
    own = np.abs(np.diag(negative))
    scale = 1 / np.sqrt(np.where(own > 0, own, 1.0))
    values, vectors = np.linalg.eigh(negative * np.outer(scale, scale))
    largest = -float(np.linalg.eigvalsh(negative)[0])
    return _Curvature(scale=scale, values=values, vectors=vectors, largest=largest)


def _refuse_plateau(
    density: CountedDensity, point: FloatArray, here: _Curvature, *, value: float
) -> None:
    """Refuse a point around which the density hardly falls, as on the way to a boundary.

    Far out on a tail that levels off, the next step is short in sds, because sds are long there.
    """
    steps = _AROUND_SD * here.root().T
    around = density.gradient(np.concatenate([point + steps, point - steps])).value
    falls = value - np.max(around, initial=-np.inf, where=np.isfinite(around))
    if falls < _LEAST_FALL:
        raise FitError(
            f"the point that was found is no mode: {_AROUND_SD:g} sds away the log density is "
            f"lower by {falls:.3g} only, and the Hessian has the eigenvalue {here.largest:.3g}"
        )


def _uphill(
    density: CountedDensity, point: FloatArray, step: FloatArray, *, value: float
) -> FloatArray:
    """Take a step, halved until the log density does not fall by more than rounding."""
    for _ in range(_MAX_HALVED):
        found = density.gradient(point + step).value
        if np.isfinite(found) and found >= value - 1e-9 * max(1.0, abs(value)):
            return point + step
        step = step / 2
    return point

"""Deterministic ADVI: the ELBO over draws that stay the same, to its optimum, by Newton's method.

Giordano, Ingram and Broderick (2024), Black box variational inference with a deterministic
objective, JMLR 25(18).  With fixed draws the ELBO is an ordinary function: second-order
optimisation ends at its optimum, the optimum's own error from the draws is known, and linear
response gives the covariances that a mean-field approximation lacks.
"""

import math
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.fits.fit import Diagnostics
from harness.methods.base import OPTIONS_CONFIG
from harness.methods.counted_density import CountedDensity, random_start, reasons
from harness.methods.gaussian import Gaussian
from harness.methods.over_density import Found, OverDensity

if TYPE_CHECKING:
    import scipy
else:
    scipy = lazy.load("scipy")

_FIXED_STREAM = 9
#: The optimum is reached when a Newton step would change the ELBO by less, in nats.
_TOLERANCE = 1e-6
#: Newton steps with all second derivatives, after the trust-region steps.
_MAX_NEWTON = 20
#: The trust-region steps end at this norm of the gradient per parameter.
_LOOSE = 1e-3
#: A Monte Carlo error of a mean above so many sds is worth a warning.
_MCSE_LIMIT = 0.2


class FixedDrawsElbo:
    """The negative ELBO of a mean-field Gaussian over fixed draws, and its derivatives.

    Its argument stacks the means and the logarithms of the sds.

    Parameters
    ----------
    density : CountedDensity
    fixed : ndarray, shape (draw, d)
        Standard normal draws.
    """

    def __init__(self, density: CountedDensity, fixed: FloatArray) -> None:
        self._density = density
        self._fixed = fixed
        self._at: FloatArray | None = None
        self._value = np.inf
        self._gradients = np.empty_like(fixed)

    def _steps(self, at: FloatArray) -> FloatArray:
        """Return how far the draws stand from the mean, shape (draw, d)."""
        return np.exp(at[at.size // 2 :]) * self._fixed

    def _evaluate(self, at: FloatArray) -> None:
        """Evaluate the density at the draws, unless that has just been done."""
        if self._at is not None and np.array_equal(at, self._at):
            return
        d = at.size // 2
        points = at[:d] + self._steps(at)
        self._at, self._value = at.copy(), np.inf
        if np.isfinite(points).all():
            values, self._gradients = self._density.gradient(points)
            if np.isfinite(values).all() and np.isfinite(self._gradients).all():
                self._value = float(-values.mean() - at[d:].sum())

    def value(self, at: FloatArray) -> float:
        """Return the negative ELBO up to a constant, in nats; infinite where a draw has none."""
        self._evaluate(at)
        return self._value

    def gradients(self, at: FloatArray) -> FloatArray:
        """Return the gradient that each draw gives, shape (draw, 2 d)."""
        self._evaluate(at)
        return -np.hstack([self._gradients, self._gradients * self._steps(at) + 1.0])

    def gradient(self, at: FloatArray) -> FloatArray:
        """Return the gradient, shape (2 d,)."""
        mean: FloatArray = self.gradients(at).mean(axis=0)
        return mean

    def hessian_vector(self, at: FloatArray, vector: FloatArray) -> FloatArray:
        """Return the Hessian times a vector, shape (2 d,)."""
        self._evaluate(at)
        d = at.size // 2
        steps = self._steps(at)
        products = self._density.hessian_vector(at[:d] + steps, vector[:d] + steps * vector[d:])
        bend = self._gradients * steps * vector[d:]
        return -np.concatenate([products.mean(axis=0), (products * steps + bend).mean(axis=0)])

    def finite_hessian_vector(self, at: FloatArray, vector: FloatArray) -> FloatArray:
        """Return that, 0 where it has no value: the step is then a long one."""
        return np.nan_to_num(self.hessian_vector(at, vector), posinf=0.0, neginf=0.0)

    def hessian(self, at: FloatArray) -> FloatArray:
        """Return the Hessian, shape (2 d, 2 d), from that of the density at each draw."""
        self._evaluate(at)
        d = at.size // 2
        total = np.zeros((2 * d, 2 * d))
        for step, gradient in zip(self._steps(at), self._gradients, strict=True):
            here = self._density.hessian(at[:d] + step)
            total[:d, :d] -= here
            total[:d, d:] -= here * step
            total[d:, d:] -= here * np.outer(step, step) + np.diag(gradient * step)
        total[d:, :d] = total[:d, d:].T
        return total / len(self._fixed)


@plain_dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """An optimum of :class:`FixedDrawsElbo`.

    Attributes
    ----------
    at : ndarray, shape (2 d,)
        Means and logarithms of the sds.
    covariance : ndarray, shape (2 d, 2 d)
        Inverse of the Hessian; its upper left corner is the linear response covariance.
    mcse : ndarray, shape (d,)
        Error of the means from the fixed draws.
    n_steps : int
        Steps of both optimisers.
    """

    at: FloatArray
    covariance: FloatArray
    mcse: FloatArray
    n_steps: int


def find_optimum(elbo: FixedDrawsElbo, start: FloatArray, *, max_iterations: int) -> Optimum:
    """Minimise the negative ELBO: trust-region steps first, then Newton steps.

    Parameters
    ----------
    elbo : FixedDrawsElbo
    start : ndarray, shape (2 d,)
        With a finite ELBO.
    max_iterations : int
        Trust-region steps.

    Raises
    ------
    FitError
        If there is no optimum: the ELBO has a direction in which it is not curved.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of sds that grow without a limit
        return _minimised(elbo, start, max_iterations=max_iterations)


def _minimised(elbo: FixedDrawsElbo, start: FloatArray, *, max_iterations: int) -> Optimum:
    """Minimise the negative ELBO."""
    found = scipy.optimize.minimize(
        elbo.value,
        start,
        method="trust-ncg",
        jac=elbo.gradient,
        hessp=elbo.finite_hessian_vector,
        options={"gtol": _LOOSE * math.sqrt(start.size), "maxiter": max_iterations},
    )
    at = np.asarray(found.x, dtype=np.float64)
    for n_newton in range(_MAX_NEWTON):
        hessian, gradients = elbo.hessian(at), elbo.gradients(at)
        inverse = _inverse(hessian)
        step = inverse @ gradients.mean(axis=0)
        if gradients.mean(axis=0) @ step < 2 * _TOLERANCE:
            # the sandwich of section 3.4: each draw's gradient through the inverse Hessian
            influence = (gradients - gradients.mean(axis=0)) @ inverse[:, : start.size // 2]
            mcse = influence.std(axis=0, ddof=1) / len(gradients) ** 0.5
            return Optimum(at=at, covariance=inverse, mcse=mcse, n_steps=int(found.nit) + n_newton)
        at = _shortened(elbo, at, step)
    raise FitError(
        f"the ELBO has no optimum within {int(found.nit)} trust-region and {_MAX_NEWTON} Newton "
        "steps; raise max_iterations, or n_fixed_draws"
    )


def _inverse(hessian: FloatArray) -> FloatArray:
    """Return the inverse of the Hessian of the negative ELBO, which must be positive definite."""
    if not np.isfinite(hessian).all():
        raise FitError("the Hessian of the ELBO is not finite")
    values, vectors = np.linalg.eigh(hessian)
    if values[0] <= 0:
        raise FitError(
            f"the negative ELBO is no minimum: its Hessian has the eigenvalue {values[0]:.3g}, and "
            "all must be positive; raise n_fixed_draws"
        )
    inverse: FloatArray = (vectors / values) @ vectors.T
    return inverse


def _shortened(elbo: FixedDrawsElbo, at: FloatArray, step: FloatArray) -> FloatArray:
    """Take a Newton step, halved until the ELBO does not get worse."""
    before = elbo.value(at)
    for _ in range(30):
        if elbo.value(at - step) <= before + 1e-9 * max(1.0, abs(before)):
            break
        step = step / 2
    return at - step


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Dadvi(OverDensity):
    """Mean-field ADVI over fixed draws, at its optimum, with linear response covariances.

    Attributes
    ----------
    n_fixed_draws : int
        Standard normal draws that the ELBO is averaged over; they stay the same.
    linear_response : bool
        Whether draws have the linear response covariance; else those of the mean-field Gaussian.
    max_iterations : int
        Maximum number of trust-region steps.
    init_radius : float
        The means start uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "dadvi"
    title: ClassVar[str] = "DADVI"
    family: ClassVar[str] = "DADVI"

    n_fixed_draws: PositiveInt = 64
    linear_response: bool = True
    max_iterations: PositiveInt = 500
    init_radius: PositiveFloat = 2.0

    def find(self, density: CountedDensity, *, seed: int) -> Found:
        """Optimise over fixed draws; see :meth:`OverDensity.find`."""
        rng = np.random.default_rng([seed, _FIXED_STREAM])
        fixed = rng.standard_normal((self.n_fixed_draws, density.n_parameters))
        elbo = FixedDrawsElbo(density, fixed)
        start = self._start(density, elbo, seed=seed)
        return self._found(find_optimum(elbo, start, max_iterations=self.max_iterations))

    def _start(self, density: CountedDensity, elbo: FixedDrawsElbo, *, seed: int) -> FloatArray:
        """Return means with a density, and sds at which every draw has one."""
        mean = random_start(density, radius=self.init_radius, seed=seed)
        for log_sd in range(0, -20, -1):
            start = np.concatenate([mean, np.full(mean.size, float(log_sd))])
            if np.isfinite(elbo.value(start)):
                return start
        raise FitError(f"the start has no finite ELBO{reasons(density)}")

    def _found(self, optimum: Optimum) -> Found:
        """Return the approximation at the optimum, with its Monte Carlo error."""
        d = optimum.mcse.size
        mean, sds = optimum.at[:d], np.exp(optimum.at[d:])
        response = optimum.covariance[:d, :d]
        factor = np.linalg.cholesky(response) if self.linear_response else sds
        relative = float((optimum.mcse / np.sqrt(np.diag(response))).max())
        warnings: tuple[str, ...] = ()
        if relative > _MCSE_LIMIT:
            warnings = (
                f"the {self.n_fixed_draws} fixed draws leave a Monte Carlo error of up to "
                f"{relative:.2g} sds in the means; raise n_fixed_draws",
            )
        return Found(
            approximation=Gaussian(mean=mean, factor=factor),
            diagnostics=Diagnostics(n_iterations=optimum.n_steps, mean_mcse_sd=relative),
            warnings=warnings,
        )

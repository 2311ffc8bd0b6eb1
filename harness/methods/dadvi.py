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
from harness.methods.fixed_draws import FixedDrawsElbo
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
#: Of a Gaussian posterior these are 0 and 1. Of posteriors whose sds were right within a factor of
#: 1.2 they were at most 0.15 and 1.4; of funnels with 3 and 10 parameters at least 0.3 and 3, of a
#: banana 0.5 and 1.1. Milder faults pass: Student-t with 3 degrees of freedom has 0.2 and 1.
_BEND_LIMIT, _WIDENING_LIMIT = 0.25, 2.0


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
    bend : float
        Part of the log density's gradients at the draws that is not linear, as it is of a Gaussian
        posterior: a mean of squares in units of those of that Gaussian.
    widening : float
        By what factor linear response makes the sd of some combination of parameters wider than
        the curvature at the draws does; 1 of a Gaussian posterior.
    n_steps : int
        Steps of both optimisers.
    """

    at: FloatArray
    covariance: FloatArray
    mcse: FloatArray
    bend: float
    widening: float
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
            bend, widening = elbo.unlike_gaussian(at, hessian, inverse)
            return Optimum(
                at=at,
                covariance=inverse,
                mcse=mcse,
                bend=bend,
                widening=widening,
                n_steps=int(found.nit) + n_newton,
            )
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
        warnings = []
        if relative > _MCSE_LIMIT:
            warnings.append(
                f"the {self.n_fixed_draws} fixed draws leave a Monte Carlo error of up to "
                f"{relative:.2g} sds in the means; raise n_fixed_draws"
            )
        if optimum.bend > _BEND_LIMIT or optimum.widening > _WIDENING_LIMIT:
            warnings.append(
                "the posterior is far from a Gaussian where the draws lie: "
                f"{100 * optimum.bend:.2g}% of its gradient is not linear "
                f"(limit {100 * _BEND_LIMIT:.0f}%), and linear response makes an sd "
                f"{optimum.widening:.2g} times as wide as the curvature does "
                f"(limit {_WIDENING_LIMIT:.0f}); reparametrise the program"
            )
        return Found(
            approximation=Gaussian(mean=mean, factor=factor),
            diagnostics=Diagnostics(n_iterations=optimum.n_steps, mean_mcse_sd=relative),
            warnings=tuple(warnings),
        )

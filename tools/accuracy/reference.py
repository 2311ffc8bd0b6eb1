"""The best Gaussian of a family by a long deterministic optimisation.

The ELBO over fixed draws is a function like any other (Giordano, Ingram and Broderick 2024, JMLR
25), which L-BFGS maximises to rounding.  The draws are quasi-random, in antithetic pairs.
"""

from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.stats

from harness.data.dataset import FloatArray
from harness.methods.gaussian import Gaussian, LowRank
from harness.program.log_density import Density

type Loss = Callable[[FloatArray], tuple[float, FloatArray]]


def fixed_draws(n: int, d: int) -> FloatArray:
    """Return standard normal draws, the second half the negatives of the first.

    Where there are none, the points of the cubature of third degree on the axes (Stroud 1971),
    which is exact for cubic functions.
    """
    if n == 0:
        return np.asarray(np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)]))
    uniform = scipy.stats.qmc.Sobol(d, rng=np.random.default_rng(4)).random(max(1, n // 2))
    z = scipy.stats.norm.ppf(np.clip(uniform, 1e-12, 1 - 1e-12))
    if (
        len(z) > 2 * d
    ):  # with covariances of one, so that no matrix can be fitted to those of the draws
        z = scipy.linalg.solve_triangular(np.linalg.cholesky(z.T @ z / len(z)), z.T, lower=True).T
    return np.concatenate([z, -z])


def best_gaussian(density: Density, near: Gaussian, n_draws: int) -> Gaussian:
    """Return the Gaussian of the family of another, from which the search begins."""
    d = near.mean.size
    if isinstance(near.factor, LowRank):
        return _best_low_rank(density, near, near.factor, n_draws)
    z = fixed_draws(n_draws, d)
    dense = near.factor.ndim == 2
    lower = np.tril_indices(d) if dense else (np.arange(d), np.arange(d))
    unit = near.factor if dense else np.diag(near.factor)
    metric = _mean_units(density, near)

    def parts(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        change = np.zeros((d, d))
        change[lower] = x[d:]
        diagonal = np.exp(np.diag(change))
        np.fill_diagonal(change, diagonal)
        return near.mean + metric @ x[:d], change

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        mean, inner = parts(x)
        value, gradient = _evaluated(density, mean + z @ (unit @ inner).T)
        by_inner = (unit.T @ gradient.T @ z) / len(z)
        np.fill_diagonal(by_inner, np.diag(by_inner) * np.diag(inner) + 1)
        slope = np.concatenate([metric.T @ gradient.mean(axis=0), by_inner[lower]])
        return -(value + np.log(np.diag(inner)).sum()), -slope

    mean, inner = parts(_minimised(loss, np.zeros(d + len(lower[0]))))
    factor = unit @ inner
    return Gaussian(mean=mean, factor=factor if dense else np.diag(factor).copy())


def elbo(density: Density, gaussian: Gaussian, n_draws: int) -> tuple[float, float]:
    """Estimate the ELBO of a Gaussian, in nats, and its standard error."""
    points, log_q = gaussian.draw(n_draws, seed=5)
    weights = density.log_density(points, propto=True) - log_q
    return float(weights.mean()), float(weights.std() / np.sqrt(n_draws))


def _best_low_rank(density: Density, near: Gaussian, start: LowRank, n_draws: int) -> Gaussian:
    d, rank = start.loadings.shape
    both = fixed_draws(n_draws, d + rank)
    z, shared = both[:, :d], both[:, d:]
    metric, unit = _mean_units(density, near), np.sqrt(start.variances)

    def parts(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        loadings = start.loadings + unit[:, None] * x[2 * d :].reshape(d, rank)
        return near.mean + metric @ x[:d], unit * np.exp(x[d : 2 * d]), loadings

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        mean, sd, loadings = parts(x)
        value, gradient = _evaluated(density, mean + z * sd + shared @ loadings.T)
        covariance = np.diag(sd**2) + loadings @ loadings.T
        inverse = np.linalg.inv(covariance)
        by_sd = (gradient * z).mean(axis=0) * sd + np.diag(inverse) * sd**2
        by_loadings = gradient.T @ shared / len(z) + inverse @ loadings
        slope = [metric.T @ gradient.mean(axis=0), by_sd, (unit[:, None] * by_loadings).ravel()]
        return -(value + 0.5 * np.linalg.slogdet(covariance)[1]), -np.concatenate(slope)

    mean, sd, loadings = parts(_minimised(loss, np.zeros(2 * d + d * rank)))
    return Gaussian(mean=mean, factor=LowRank(variances=sd**2, loadings=loadings))


def _mean_units(density: Density, near: Gaussian) -> FloatArray:
    """Return a matrix in whose units the ELBO is about equally curved in the mean."""
    d = near.mean.size
    hessian = density.hessian_vector(near.mean, np.eye(d))
    values, vectors = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    return np.asarray(vectors / np.sqrt(np.maximum(np.abs(values), 1e-10)))


def _evaluated(density: Density, points: FloatArray) -> tuple[float, FloatArray]:
    found = density.gradient(points, propto=True)
    return float(found.value.mean()), found.gradient


def _minimised(loss: Loss, start: FloatArray) -> FloatArray:
    options = {"maxiter": 300, "maxfun": 400, "ftol": 1e-12, "gtol": 1e-4, "maxcor": 30}
    found = scipy.optimize.minimize(  # type: ignore[call-overload]
        loss, start, jac=True, method="L-BFGS-B", options=options
    )
    return np.asarray(found.x)

"""Pathfinder over a density: exact identities of its Gaussians, and modes that count once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from harness.errors import FitError, MethodError
from harness.fits.fit import log_weights
from harness.methods import Problem, make_method
from harness.methods.pathfinder_mixture import PathfinderMixture, PathMixture
from harness.methods.quasi_newton import InverseHessian, PathGaussian
from harness.metrics.psis import psis
from tests import numpy_density
from tests.cases import FloatArray, gaussian_posterior

SEED = 20_250


def estimate(d: int, n_steps: int, *, seed: int = 1) -> tuple[InverseHessian, Any]:
    """An estimate from random steps on a quadratic, and the last of them."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((d, d))
    hessian = root @ root.T + np.eye(d)
    inverse, step = InverseHessian(d, 6), np.empty(d)
    for _ in range(n_steps):
        step = rng.standard_normal(d)
        inverse.add(step, hessian @ step)
    return inverse, (step, hessian @ step)


def gaussian_of(d: int, n_steps: int) -> tuple[PathGaussian, FloatArray]:
    inverse, _ = estimate(d, n_steps)
    found = inverse.gaussian(np.arange(d) / d, np.zeros(d))
    assert found is not None
    return found, np.stack([inverse.times(row) for row in np.eye(d)])


@pytest.mark.parametrize(("d", "n_steps"), [(1, 1), (3, 5), (8, 2), (8, 20), (30, 9)])
def test_the_estimate_turns_the_last_change_into_its_step(d: int, n_steps: int) -> None:
    inverse, (step, change) = estimate(d, n_steps)
    np.testing.assert_allclose(inverse.times(change), step, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("d", "n_steps"), [(1, 1), (3, 5), (8, 2), (8, 20), (30, 9)])
def test_a_gaussian_of_factors_is_that_of_its_covariance(d: int, n_steps: int) -> None:
    gaussian, covariance = gaussian_of(d, n_steps)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-6, atol=1e-10)
    normal = np.random.default_rng(2).standard_normal((7, d))
    points = gaussian.points(normal)
    known = multivariate_normal(gaussian.mean, covariance, allow_singular=True).logpdf(points)
    np.testing.assert_allclose(gaussian.log_density(points), known, rtol=1e-5)
    np.testing.assert_allclose(gaussian.squared_distance(points), (normal**2).sum(axis=1))
    root = gaussian.points(np.eye(d)) - gaussian.mean
    np.testing.assert_allclose(root.T @ root, covariance, rtol=1e-6, atol=1e-10)


def test_draws_of_a_mixture_have_its_density() -> None:
    near, far = gaussian_of(3, 5)[0], gaussian_of(3, 9)[0]
    mixture = PathMixture(shares=np.array([0.3, 0.7]), gaussians=(near, far))
    points, log_q = mixture.draw(5, 1)
    known = 0.3 * np.exp(near.log_density(points)) + 0.7 * np.exp(far.log_density(points))
    np.testing.assert_allclose(np.exp(log_q), known)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_a_gaussian_posterior_is_found_by_all_paths_and_counts_once(d: int) -> None:
    mean, covariance = numpy_density.correlated(d)
    found = PathfinderMixture().find(numpy_density.gaussian(mean, covariance), seed=SEED)
    points, _ = found.approximation.draw(4000, 1)
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((points.mean(axis=0) - mean) / sd, 0, atol=0.07)
    np.testing.assert_allclose(points.std(axis=0) / sd, 1, rtol=0.1)
    assert isinstance(found.approximation, PathMixture)
    assert len(found.approximation.shares) == 1


def two_modes(at: Any) -> Any:
    """A normal distribution with 0.7 of the mass, and one with 0.3 ten sds away."""
    parts = [np.log(0.7) - 0.5 * (at**2).sum(axis=-1), np.log(0.3) - 0.5 * ((at - 5) ** 2).sum(-1)]
    top = np.maximum(parts[0].real, parts[1].real)
    return np.log(np.exp(parts[0] - top) + np.exp(parts[1] - top)) + top


@pytest.mark.parametrize("n_paths", [6, 20])
def test_each_mode_has_its_mass_however_many_paths_lead_to_it(n_paths: int) -> None:
    density = numpy_density.counted(two_modes, 4)
    found = PathfinderMixture(n_paths=n_paths, init_radius=8.0).find(density, seed=SEED)
    assert isinstance(found.approximation, PathMixture)
    shares = sorted(found.approximation.shares)
    assert len(shares) == 2
    np.testing.assert_allclose(shares, [0.9 * 0.3 + 0.05, 0.9 * 0.7 + 0.05], atol=0.02)
    points, log_q = found.approximation.draw(4000, 1)
    weights = psis(density.log_density(points) - log_q)
    assert weights.weights @ (points[:, 0] > 2.5) == pytest.approx(0.3, abs=0.03)


def test_a_density_that_rises_for_ever_still_has_gaussians_on_the_way() -> None:
    """The one with the largest ELBO counts, not the last."""

    def neck(at: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            return -at[..., 0] - 0.5 * np.exp(-at[..., 0]) * at[..., 1] ** 2

    found = PathfinderMixture(n_paths=2, max_iterations=40).find(
        numpy_density.counted(neck, 2), seed=SEED
    )
    points, _ = found.approximation.draw(100, 1)
    assert np.isfinite(points).all()


def test_a_density_that_is_nowhere_is_told() -> None:
    with pytest.raises(FitError, match="100"):
        PathfinderMixture().find(
            numpy_density.counted(lambda at: at[..., 0] * np.nan, 1), seed=SEED
        )


@pytest.mark.parametrize("start", ["random", "advi"])
def test_resampled_draws_are_those_of_the_posterior(
    gaussian: Callable[[float], Problem], start: str
) -> None:
    problem = gaussian(0.8)
    options = {"start": start, "n_draws": 2000, "n_paths": 3}
    fit = make_method("pathfinder_mixture", options).fit(problem, seed=SEED)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    theta = np.asarray(fit.read_draws()["posterior"]["theta"].to_numpy())[0]
    np.testing.assert_allclose(theta.mean(axis=0), target.mean, atol=0.1 * target.sd[0])
    np.testing.assert_allclose(theta.std(axis=0), target.sd, rtol=0.08)
    weights = log_weights(fit)
    assert weights is not None
    assert weights.shape == (4000,)
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients > 4000


def test_more_draws_than_proposals_are_refused(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.0)
    method = make_method("pathfinder_mixture", {"n_draws": 5000})
    with pytest.raises(MethodError, match="5000"):
        method.check(problem.dataset, problem.program.program)

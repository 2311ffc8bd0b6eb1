"""Deterministic ADVI: derivatives by differences, posteriors of known moments, its own error."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.errors import FitError
from harness.methods.counted_density import CountedDensity
from harness.methods.dadvi import Dadvi, Optimum, find_optimum
from harness.methods.fixed_draws import FixedDrawsElbo
from tests import known_posteriors, numpy_density
from tests.cases import FloatArray


def fixed(d: int, n: int = 30, *, seed: int = 3) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((n, d))


def optimum(density: CountedDensity, *, n: int = 30, seed: int = 3) -> Optimum:
    d = density.n_parameters
    elbo = FixedDrawsElbo(density, fixed(d, n, seed=seed))
    return find_optimum(elbo, np.zeros(2 * d), max_iterations=500)


def test_derivatives_are_those_by_differences() -> None:
    elbo = FixedDrawsElbo(numpy_density.logistic(), fixed(4))
    rng = np.random.default_rng(5)
    at = 0.3 * rng.standard_normal(8)
    steps = 1e-5 * np.eye(8)
    slopes = [(elbo.value(at + step) - elbo.value(at - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(elbo.gradient(at), slopes, rtol=1e-6)
    bends = [(elbo.gradient(at + step) - elbo.gradient(at - step)) / 2e-5 for step in steps]
    hessian = elbo.hessian(at)
    np.testing.assert_allclose(hessian, bends, rtol=1e-5, atol=1e-4)
    vector = rng.standard_normal(8)
    np.testing.assert_allclose(elbo.hessian_vector(at, vector), hessian @ vector, rtol=1e-6)


@pytest.mark.parametrize("d", [2, 5, 20])
def test_linear_response_has_the_covariance_of_a_gaussian(d: int) -> None:
    mean, covariance = numpy_density.correlated(d)
    found = optimum(numpy_density.gaussian(mean, covariance))
    sd = np.sqrt(np.diag(covariance))
    response = found.covariance[:d, :d] / np.outer(sd, sd)
    np.testing.assert_allclose(np.sqrt(np.diag(response)), 1, rtol=0.05)
    np.testing.assert_allclose(response, covariance / np.outer(sd, sd), atol=0.05)
    assert (np.abs(found.at[:d] - mean) < 4 * found.mcse).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_linear_response_has_the_sds_of_a_logistic_regression(seed: int) -> None:
    """With the default draws: 64 leave errors of 0.8% in the sds, and of 0.12 sds in the means."""
    mean, sd = np.array([*known_posteriors.logistic().values()]).T
    found = optimum(numpy_density.logistic(), n=Dadvi.n_fixed_draws, seed=seed)
    response = np.sqrt(np.diag(found.covariance)[:4])
    np.testing.assert_allclose(response, sd, rtol=0.05)
    assert (np.abs(found.at[:4] - mean) < 4 * found.mcse).all()


@pytest.mark.slow
def test_the_error_of_the_means_is_their_scatter_over_fixed_draws() -> None:
    density = numpy_density.logistic()
    found = [optimum(density, seed=seed) for seed in range(40)]
    scatter = np.std([each.at[:4] for each in found], axis=0, ddof=1)
    told = np.median([each.mcse for each in found], axis=0)
    np.testing.assert_allclose(told, scatter, rtol=0.5)  # four times the error of 40 runs' sd


def test_more_fixed_draws_have_a_smaller_error_and_few_are_told() -> None:
    density = numpy_density.gaussian(*numpy_density.correlated(5))
    few, many = optimum(density, n=8), optimum(density, n=800)
    np.testing.assert_allclose(many.mcse, few.mcse / 10, rtol=0.5)
    method = Dadvi(n_fixed_draws=8)
    assert len(method._found(few).warnings) == 1
    told = method._found(few).diagnostics.mean_mcse_sd
    assert told == (few.mcse / np.sqrt(np.diag(few.covariance)[:5])).max()
    assert method._found(many).warnings == ()


@pytest.mark.parametrize(
    "value",
    [
        lambda at: -np.sqrt(1 + at[..., 0] ** 2) + 0 * at[..., 1],
        lambda at: at[..., 0] ** 2 - at[..., 1] ** 2,
    ],
)
def test_a_density_that_is_flat_or_rises_has_no_optimum(value: Callable[[Any], Any]) -> None:
    with pytest.raises(FitError):
        optimum(numpy_density.counted(value, 2))


def funnel(d: int) -> CountedDensity:
    def value(at: FloatArray) -> FloatArray:
        scale, rest = at[..., 0], at[..., 1:]
        squares = (rest**2).sum(axis=-1) * np.exp(-scale)
        return np.asarray(-(scale**2) / 18 - squares / 2 - (d - 1) * scale / 2)

    return numpy_density.counted(value, d)


def banana(at: FloatArray) -> FloatArray:
    return np.asarray(-(at[..., 0] ** 2) / 2 - (at[..., 1] - at[..., 0] ** 2) ** 2 / 2)


def test_a_gaussian_has_neither_bend_nor_widening() -> None:
    found = optimum(numpy_density.gaussian(*numpy_density.correlated(5)), n=64)
    assert found.bend < 1e-4
    assert found.widening == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("density", "n_warnings"),
    [
        (numpy_density.logistic(), 0),
        (funnel(3), 1),
        (funnel(8), 1),
        (numpy_density.counted(banana, 2), 1),
    ],
)
def test_a_posterior_unlike_a_gaussian_is_told(
    density: CountedDensity, n_warnings: int, seed: int
) -> None:
    found = optimum(density, n=Dadvi.n_fixed_draws, seed=seed)
    told = [each for each in Dadvi()._found(found).warnings if "Gaussian" in each]
    assert len(told) == n_warnings

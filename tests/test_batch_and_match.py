"""Batch and match: exact on Gaussians, close on a logistic regression, of any rank."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.methods.batch_and_match import BatchAndMatch
from harness.methods.counted_density import CountedDensity
from harness.methods.gaussian import Gaussian
from harness.methods.over_density import Found
from tests import known_posteriors, numpy_density


def found_in(density: CountedDensity, **options: int) -> Found:
    return BatchAndMatch(**options).find(density, seed=3)


def gaussian_of(found: Found) -> Gaussian:
    assert isinstance(found.approximation, Gaussian)
    return found.approximation


@pytest.mark.parametrize(("d", "batch_size"), [(1, 8), (2, 8), (5, 32), (20, 32)])
def test_a_gaussian_is_itself(d: int, batch_size: int) -> None:
    mean, covariance = numpy_density.correlated(d)
    density = numpy_density.gaussian(mean, covariance)
    found = found_in(density, batch_size=batch_size, n_iterations=300)
    sd = np.sqrt(np.diag(covariance))
    units = np.outer(sd, sd)
    np.testing.assert_allclose((gaussian_of(found).mean - mean) / sd, 0, atol=1e-6)
    np.testing.assert_allclose(gaussian_of(found).covariance / units, covariance / units, atol=1e-6)
    assert found.warnings == ()


def test_a_gaussian_of_the_rank_is_itself() -> None:
    rng = np.random.default_rng(4)
    loadings, sds = rng.standard_normal((12, 2)), rng.uniform(0.5, 2, 12)
    mean, covariance = rng.standard_normal(12), loadings @ loadings.T + np.diag(sds**2)
    density = numpy_density.gaussian(mean, covariance)
    gaussian = gaussian_of(found_in(density, rank=2, n_iterations=1500))
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((gaussian.mean - mean) / sd, 0, atol=0.02)
    units = np.outer(sd, sd)
    np.testing.assert_allclose(gaussian.covariance / units, covariance / units, atol=0.02)


def test_a_rank_beyond_the_parameters_is_full_rank() -> None:
    density = numpy_density.gaussian(*numpy_density.correlated(3))
    assert isinstance(gaussian_of(found_in(density, rank=3, n_iterations=10)).factor, np.ndarray)


def test_a_logistic_regression_is_close() -> None:
    mean, sd = np.array([*known_posteriors.logistic().values()]).T
    gaussian = gaussian_of(found_in(numpy_density.logistic()))
    assert (np.abs(gaussian.mean - mean) < 0.1 * sd).all()
    np.testing.assert_allclose(np.sqrt(np.diag(gaussian.covariance)), sd, rtol=0.1)


def test_means_that_still_move_are_told() -> None:
    skewed = numpy_density.counted(lambda at: 0.5 * at[..., 0] - np.exp(at[..., 0]), 1)
    (warning,) = found_in(skewed, batch_size=2, n_iterations=3).warnings
    assert " sds " in warning


@pytest.mark.parametrize("factor", [np.nan, 0.0])
def test_a_density_that_is_never_finite_or_flat_is_refused(factor: float) -> None:
    with pytest.raises(FitError):
        found_in(numpy_density.counted(lambda at: at[..., 0] * factor, 1))

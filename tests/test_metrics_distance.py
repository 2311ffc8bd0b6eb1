"""Joint distances by moments and slices: closed forms between Gaussians, and invariances."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from harness.errors import HarnessError
from harness.metrics.distance import (
    mahalanobis,
    sliced_wasserstein,
    whitened_covariance_error,
)
from harness.metrics.whitening import whiten

Floats = NDArray[np.float64]

COVARIANCE = np.array([[4.0, 1.8, 0.0], [1.8, 1.0, 0.2], [0.0, 0.2, 0.5]])


def exact_gaussian(mean: Floats, covariance: Floats, *, n: int, seed: int) -> Floats:
    """Gaussian draws whose sample mean and covariance are exactly as asked."""
    z = np.random.default_rng(seed).standard_normal((n, len(mean)))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
    draws: Floats = mean + z @ np.linalg.cholesky(covariance).T
    return draws


@pytest.fixture(name="reference")
def fixture_reference() -> Floats:
    return exact_gaussian(np.array([1.0, -2.0, 0.5]), COVARIANCE, n=800, seed=1)


def test_the_whitened_reference_is_standard(reference: Floats) -> None:
    _, z = whiten(reference, reference=reference)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(z, rowvar=False), np.eye(3), atol=1e-12)


def test_mahalanobis_of_a_shift(reference: Floats) -> None:
    delta = np.array([0.5, 0.1, -0.2])
    expected = np.sqrt(delta @ np.linalg.solve(COVARIANCE, delta))
    found = mahalanobis(reference + delta, reference=reference)
    assert found.distance == pytest.approx(expected)


def test_mahalanobis_is_the_worst_mean_error_of_any_combination(reference: Floats) -> None:
    delta = np.array([0.5, 0.1, -0.2])
    worst = np.linalg.solve(COVARIANCE, delta)
    error = worst @ delta / np.sqrt(worst @ COVARIANCE @ worst)
    assert mahalanobis(reference + delta, reference=reference).distance == pytest.approx(error)


def test_mahalanobis_null_holds_95_percent() -> None:
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(300):
        x, r = rng.standard_normal((200, 4)), rng.standard_normal((2, 150, 4))
        found = mahalanobis(x, reference=r)
        inside.append(found.distance < found.null_95)
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (1.5, 1.25), (0.5, 0.75)])
def test_covariance_error_of_a_scale(reference: Floats, factor: float, expected: float) -> None:
    mean = reference.mean(axis=0)
    draws = mean + factor * (reference - mean)
    found = whitened_covariance_error(draws, reference=reference).error
    assert found == pytest.approx(expected, abs=1e-10)


def test_covariance_error_of_missing_correlations() -> None:
    """Right sds without the correlation rho: the eigenvalues are 1 / (1 +- rho)."""
    rho = 0.6
    r = exact_gaussian(np.zeros(2), np.array([[1, rho], [rho, 1]]), n=500, seed=3)
    x = exact_gaussian(np.zeros(2), np.eye(2), n=700, seed=4)
    found = whitened_covariance_error(x, reference=r).error
    assert found == pytest.approx(1 / (1 - rho) - 1)


@pytest.mark.parametrize("d", [1, 5, 30])
def test_covariance_null_is_a_little_above_the_95_percent_quantile(d: int) -> None:
    rng = np.random.default_rng(10)
    found = [
        whitened_covariance_error(
            rng.standard_normal((400, d)), reference=rng.standard_normal((600, d))
        )
        for _ in range(100)
    ]
    quantile = np.quantile([each.error for each in found], 0.95)
    assert 0.7 < quantile / found[0].null_95 < 1.02


@pytest.mark.parametrize("n_draws", [800, 500])
def test_sliced_wasserstein_of_a_shift(reference: Floats, n_draws: int) -> None:
    """W2 along u of a shift is |u . delta|: the root mean square is |delta| / root d."""
    delta = np.linalg.cholesky(COVARIANCE) @ np.array([3.0, 0.0, 4.0])
    x = reference if n_draws == 800 else np.repeat(reference, 2, axis=0)
    rng = np.random.default_rng(5)
    found = sliced_wasserstein(x + delta, reference=reference, rng=rng, n_projections=2000)
    assert found.mcse > 0
    assert found.value == pytest.approx(5 / np.sqrt(3), abs=4 * found.mcse)


def test_sliced_wasserstein_of_a_scale_in_one_dimension() -> None:
    """W2 between N(0, 1) and N(m, s) is root of m^2 + (s - 1)^2, at unequal sample sizes too."""
    quantiles = [norm.ppf((np.arange(n) + 0.5) / n)[:, None] for n in (5000, 3001)]
    found = sliced_wasserstein(
        1 + 1.5 * quantiles[0], reference=quantiles[1], rng=np.random.default_rng(6)
    )
    assert found.value == pytest.approx(np.sqrt(1.25), rel=5e-3)
    assert found.mcse == pytest.approx(0, abs=1e-9)


def test_every_distance_from_itself_is_zero(reference: Floats) -> None:
    rng = np.random.default_rng(7)
    assert mahalanobis(reference, reference=reference).distance == pytest.approx(0, abs=1e-12)
    assert whitened_covariance_error(reference, reference=reference).error < 1e-12
    assert sliced_wasserstein(reference, reference=reference, rng=rng).value == 0


def test_linear_changes_of_parameters_and_the_order_of_draws_do_not_matter() -> None:
    rng = np.random.default_rng(8)
    x, r = rng.gamma(3.0, size=(300, 3)), rng.standard_normal((2, 200, 3))
    matrix = np.array([[2.0, 0.0, 0.0], [300.0, -1.0, 0.0], [1.0, 1.0, 0.01]])
    y, s = rng.permutation(x) @ matrix.T + 5, r @ matrix.T + 5
    first, again = mahalanobis(x, reference=r), mahalanobis(y, reference=s)
    assert again.distance == pytest.approx(first.distance, rel=1e-6)
    errors = [whitened_covariance_error(a, reference=b).error for a, b in ((x, r), (y, s))]
    assert errors[1] == pytest.approx(errors[0], rel=1e-6)
    # whitened coordinates are fixed up to a rotation: the slices agree up to their own error
    slices = [
        sliced_wasserstein(a, reference=b, rng=np.random.default_rng(9), n_projections=3000)
        for a, b in ((x, r), (y, s))
    ]
    error = np.hypot(slices[0].mcse, slices[1].mcse)
    assert slices[1].value == pytest.approx(slices[0].value, abs=4 * error)


@pytest.mark.parametrize(
    ("column", "message"), [(np.zeros(50), r"\[1\].*constant"), (np.arange(50), "singular")]
)
def test_a_degenerate_reference_is_told(column: Floats, message: str) -> None:
    r = np.column_stack([np.arange(50.0), column])
    with pytest.raises(HarnessError, match=message):
        mahalanobis(r, reference=r)


def test_other_parameters_are_told() -> None:
    with pytest.raises(HarnessError, match=r"2 .* 3"):
        mahalanobis(np.zeros((9, 2)), reference=np.zeros((9, 3)))

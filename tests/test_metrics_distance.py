"""Joint distances by moments and slices: closed forms between Gaussians, and invariances."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from harness.errors import HarnessError
from harness.metrics.distance import mahalanobis, sliced_wasserstein
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
    # as if the draws were others: the errors of three means are subtracted
    square = (expected**2 - 3 * 2 / 800) * (1 - 3 / 800)
    assert found.distance == pytest.approx(np.sqrt(square))


def test_mahalanobis_is_the_worst_mean_error_of_any_combination(reference: Floats) -> None:
    delta = np.array([0.5, 0.1, -0.2])
    worst = np.linalg.solve(COVARIANCE, delta)
    error = worst @ delta / np.sqrt(worst @ COVARIANCE @ worst)
    found = mahalanobis(reference + delta, reference=reference)
    assert found.distance == pytest.approx(error, rel=0.03)


@pytest.mark.parametrize("d", [1, 4, 100])
def test_mahalanobis_of_exact_draws_is_zero_within_its_error(d: int) -> None:
    """The uncorrected distance is 0.35 at d = 100, with as many draws; it may be 0.6."""
    rng = np.random.default_rng(2)
    repeats = 100 if d < 100 else 30
    found = [
        mahalanobis(rng.standard_normal((1000, d)), reference=rng.standard_normal((2, 2000, d)))
        for _ in range(repeats)
    ]
    assert np.mean([each.distance == 0 for each in found]) == pytest.approx(0.5, abs=0.25)
    assert max(each.distance + 2 * each.mcse for each in found) < 0.6


@pytest.mark.parametrize("d", [2, 50])
def test_mahalanobis_of_a_small_shift_is_unbiased(d: int) -> None:
    """The square is, with its own errors; 400 draws for 50 parameters inflate it by an eighth."""
    rng = np.random.default_rng(12)
    shift = np.full(d, 0.5 / np.sqrt(d))
    squares = [
        mahalanobis(
            shift + rng.standard_normal((500, d)), reference=rng.standard_normal((400, d))
        ).distance
        ** 2
        for _ in range(60)
    ]
    error = np.std(squares) / np.sqrt(60)
    assert np.mean(squares) == pytest.approx(0.25, abs=4 * error)


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
    assert sliced_wasserstein(reference, reference=reference, rng=rng).value == 0


def test_linear_changes_of_parameters_and_the_order_of_draws_do_not_matter() -> None:
    rng = np.random.default_rng(8)
    x, r = rng.gamma(3.0, size=(300, 3)), rng.standard_normal((2, 200, 3))
    matrix = np.array([[2.0, 0.0, 0.0], [300.0, -1.0, 0.0], [1.0, 1.0, 0.01]])
    y, s = rng.permutation(x) @ matrix.T + 5, r @ matrix.T + 5
    first, again = mahalanobis(x, reference=r), mahalanobis(y, reference=s)
    assert again.distance == pytest.approx(first.distance, rel=1e-6)
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

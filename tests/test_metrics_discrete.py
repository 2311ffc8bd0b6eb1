"""Quantities that mean and sd, or plain intervals, do not suit: discrete and heavy-tailed ones."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm, poisson

from harness.metrics.batch import Batch
from harness.metrics.parameter import compare_batches, coverage
from tests.one_parameter import compare_parameter

Floats = NDArray[np.float64]


@pytest.mark.parametrize("rate", [0.3, 2.0, 50.0])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_exact_counts_are_covered_as_they_should_be(rate: float, level: float) -> None:
    """The plain 50% interval of a Poisson distribution with mean 2 holds 72%."""
    rng = np.random.default_rng(1)
    z = []
    for _ in range(60):
        x, r = rng.poisson(rate, 500).astype(float), rng.poisson(rate, 1500).astype(float)
        found = coverage(x, reference=r, level=level)
        z.append((found.value - level) / found.mcse)
    assert abs(np.mean(z)) < 4 / np.sqrt(60)
    assert np.std(z) < 1.3


def test_counts_that_are_too_narrow_are_covered_less() -> None:
    """The mean of the randomised transform has a closed form for known distributions."""
    rng = np.random.default_rng(2)
    x, r = rng.binomial(20, 0.5, 20_000).astype(float), rng.poisson(10, 20_000).astype(float)
    values = np.arange(40)
    below, up_to = poisson_free_cdf(values - 1), poisson_free_cdf(values)
    part = np.clip(np.minimum(up_to, 0.95) - np.maximum(below, 0.05), 0, None)
    share = np.divide(part, up_to - below, out=np.zeros(40), where=up_to > below)
    expected = float(share @ poisson.pmf(values, 10))
    assert coverage(x, reference=r, level=0.9).value == pytest.approx(expected, abs=0.02)
    assert expected < 0.8


def poisson_free_cdf(values: NDArray[np.int64]) -> Floats:
    """Distribution function of the binomial, from its mass."""
    mass = np.array([float(np.prod([(21 - j) / j for j in range(1, k + 1)])) for k in range(21)])
    cumulative = np.cumsum(mass) / 2.0**20
    return np.where(values < 0, 0.0, cumulative[np.clip(values, 0, 20)])


def test_continuous_draws_are_covered_as_before() -> None:
    rng = np.random.default_rng(3)
    x, r = rng.standard_normal(400), rng.standard_normal((2, 300))
    low, high = np.quantile(x, [0.25, 0.75])
    found = coverage(x, reference=r, level=0.5)
    assert found.value == np.mean((r >= low) & (r <= high))


def test_a_cauchy_tail_is_measured_by_median_and_mad() -> None:
    rng = np.random.default_rng(4)
    r, x = rng.standard_cauchy((4, 1000)), rng.standard_cauchy(1000)
    exact = compare_parameter(x, reference=r)
    assert exact.error_scale == "mad"
    assert abs(exact.mean_error_sd) < 4 * exact.mean_error_mcse < 0.5
    assert abs(exact.log_sd_ratio) < 4 * exact.log_sd_ratio_mcse < 0.5
    assert exact.w1_sd < 0.3
    off = compare_parameter(2 * x + 1.4826, reference=r)
    assert off.mean_error_sd == pytest.approx(1.0, abs=0.2)
    assert off.log_sd_ratio == pytest.approx(np.log(2), abs=0.2)


def test_errors_by_mad_are_as_large_as_they_say() -> None:
    rng = np.random.default_rng(5)
    z = []
    for _ in range(60):
        found = compare_parameter(rng.standard_cauchy(400), reference=rng.standard_cauchy(800))
        if found.error_scale == "mad":
            z.append(
                (
                    found.mean_error_sd / found.mean_error_mcse,
                    found.log_sd_ratio / found.log_sd_ratio_mcse,
                )
            )
    assert len(z) > 50
    assert np.std(z, axis=0) == pytest.approx([1.0, 1.0], abs=0.3)


def test_each_quantity_of_a_batch_has_its_own_scale() -> None:
    rng = np.random.default_rng(6)
    r = np.stack([rng.standard_normal(2000), rng.standard_cauchy(2000)])
    x = np.stack([norm.rvs(size=500, random_state=rng), rng.standard_cauchy(500)])
    found = compare_batches(Batch(x), Batch(r))
    assert [each.error_scale for each in found] == ["sd", "mad"]
    assert found[0] == compare_parameter(x[0], reference=r[0])

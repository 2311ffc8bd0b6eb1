"""Errors of one parameter: Gaussian against Gaussian in closed form, and calibrated MCSEs."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import betabinom, norm, wasserstein_distance

from harness.errors import HarnessError
from harness.metrics.batch import Batch
from harness.metrics.intervals import coverages
from harness.metrics.moment_errors import errors_by_sd
from harness.metrics.parameter import (
    coverage,
    log_sd_ratio,
    mean_error_sd,
    w1_sd,
)
from tests.one_parameter import compare_parameter

Floats = NDArray[np.float64]


def grid(mean: float = 0.0, sd: float = 1.0, n: int = 20_000) -> Floats:
    """Gaussian quantiles: draws without Monte Carlo error."""
    quantiles: Floats = norm.ppf((np.arange(n) + 0.5) / n, loc=mean, scale=sd)
    return quantiles


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.4, 1.0), (-2.0, 0.5), (0.1, 20.0)])
def test_gaussian_against_gaussian(mean: float, sd: float) -> None:
    """A reference of mean 10 and sd 3, an approximation `mean` sds off and `sd` times as wide."""
    errors = compare_parameter(grid(10 + 3 * mean, 3 * sd), reference=grid(10, 3))
    assert errors.mean_error_sd == pytest.approx(mean, abs=2e-3)
    assert errors.log_sd_ratio == pytest.approx(np.log(sd), abs=2e-3)
    for level, found in ((0.5, errors.coverage_50), (0.9, errors.coverage_90)):
        half = norm.ppf(0.5 + level / 2) * sd
        expected = norm.cdf(mean + half) - norm.cdf(mean - half)
        assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (0.7, 1.0, 0.7),  # a shift
        (0.0, 1.5, 0.5 * np.sqrt(2 / np.pi)),  # a scale: |1.5 - 1| E|Z|
        (1.0, 2.0, np.sqrt(2 / np.pi) * np.exp(-0.5) + 1 - 2 * norm.cdf(-1)),  # E|1 + Z|
    ],
)
def test_w1_of_gaussians(mean: float, sd: float, expected: float) -> None:
    assert w1_sd(grid(mean, sd), reference=grid()) == pytest.approx(expected, abs=3e-3)


def test_identical_draws_have_no_error() -> None:
    draws = np.random.default_rng(1).gamma(2.0, size=1000)
    errors = compare_parameter(draws, reference=draws)
    assert errors.mean_error_sd == 0
    assert errors.log_sd_ratio == 0
    assert errors.w1_sd == 0
    assert (errors.coverage_50, errors.coverage_90) == (0.5, 0.9)


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    x, r = rng.standard_normal(500) + 0.3, rng.standard_normal((2, 400))
    once, twice = (
        compare_parameter(x, reference=r),
        compare_parameter(5 * x - 7, reference=5 * r - 7),
    )
    for name in once.__dataclass_fields__:
        assert getattr(twice, name) == pytest.approx(getattr(once, name)), name


def test_w1_bounds_the_mean_error() -> None:
    rng = np.random.default_rng(3)
    x, r = rng.exponential(size=800), rng.standard_normal(600)
    assert w1_sd(x, reference=r) >= abs(mean_error_sd(x, reference=r).value)


@pytest.mark.parametrize("chains", [False, True])
def test_mcse_is_the_spread_over_replicates(chains: bool) -> None:  # noqa: FBT001
    """Standardised errors over 200 replicates have sd 1, within 4 of its own standard errors."""
    rng = np.random.default_rng(4)
    scores = []
    for _ in range(200):
        x = 1.5 + 0.7 * rng.standard_normal(600)
        r = rng.standard_normal((4, 250)) if chains else rng.standard_normal(1000)
        error, ratio = mean_error_sd(x, reference=r), log_sd_ratio(x, reference=r)
        inside = coverage(x, reference=r, level=0.5)
        half = norm.ppf(0.75) * 0.7
        truth = norm.cdf(1.5 + half) - norm.cdf(1.5 - half)
        scores.append(
            [
                (error.value - 1.5) / error.mcse,
                (ratio.value - np.log(0.7)) / ratio.mcse,
                (inside.value - truth) / inside.mcse,
            ]
        )
    spread, bias = np.std(scores, axis=0), np.mean(scores, axis=0)
    np.testing.assert_allclose(spread, 1.0, atol=4 / np.sqrt(400))
    np.testing.assert_allclose(bias, 0.0, atol=4 / np.sqrt(200))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_coverage_error_of_equal_distributions(level: float) -> None:
    """Both the reference's fraction and the gap of two quantiles have variance c (1 - c) / n."""
    rng = np.random.default_rng(6)
    found = [
        coverage(rng.standard_normal(500), reference=rng.standard_normal(2000), level=level).mcse
        for _ in range(200)
    ]
    expected = np.sqrt(level * (1 - level) * (1 / 500 + 1 / 2000))
    # a little more: the ratio of the densities at the ends is itself estimated, and squared
    assert 0.98 < np.mean(found) / expected < 1.1


def test_an_autocorrelated_reference_costs_precision() -> None:
    rng, phi = np.random.default_rng(5), 0.9
    chain = rng.standard_normal((2, 4000))
    for t in range(1, 4000):
        chain[:, t] = phi * chain[:, t - 1] + np.sqrt(1 - phi**2) * chain[:, t]
    as_chains = mean_error_sd(grid(), reference=chain).mcse
    as_independent = mean_error_sd(grid(), reference=chain.ravel()).mcse
    assert as_chains > 2.5 * as_independent


def test_a_constant_reference_leaves_errors_unknown() -> None:
    constant, draws = np.full(100, 0.1), np.arange(10.0)
    errors = compare_parameter(draws, reference=constant)
    assert np.isnan(errors.mean_error_sd)
    assert np.isnan(errors.log_sd_ratio)
    assert np.isnan(errors.w1_sd)


def test_a_constant_approximation_has_no_width() -> None:
    ratio = log_sd_ratio(np.full(10, 0.1), reference=grid())
    assert ratio.value == -np.inf


def test_bad_input_is_told() -> None:
    with pytest.raises(HarnessError, match="reference holds 1"):
        compare_parameter(np.arange(5.0), reference=[0, 1, 2, np.nan])
    with pytest.raises(HarnessError, match="level"):
        coverage(np.arange(5.0), reference=np.arange(5.0), level=90)


def test_w1_of_draws_that_divide_the_reference_is_scipys() -> None:
    rng = np.random.default_rng(21)
    x, r = rng.gamma(2.0, size=250), rng.standard_normal((2, 500))
    expected = wasserstein_distance(x, r.ravel()) / r.std(ddof=1)
    assert w1_sd(x, reference=r) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1000, 4000), (400, 300), (50, 50)])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_chances_of_a_coverage_are_those_of_ranks(n: int, m: int, level: float) -> None:
    """The count between order statistics is beta-binomial, far into its tails."""
    ends = np.quantile(np.arange(float(n)), [0.5 - level / 2, 0.5 + level / 2])
    held = round((n - 1) * level)
    shares = betabinom(m, held, n + 1 - held).pmf(np.arange(m + 1))
    for k in (0, 1, round(0.3 * m), round(level * m), m - 1, m):
        r = np.full(m, ends[1] + 1.0)
        r[:k] = ends.mean()
        found = coverages(Batch(np.arange(float(n))[None]), Batch(r[None]), level=level)
        expected = min(1.0, 2 * min(shares[: k + 1].sum(), shares[k:].sum()))
        assert found.values[0] == pytest.approx(k / m)
        assert found.chances[0] == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_chances_of_exact_draws_are_uniform_in_the_tails() -> None:
    """A Gaussian approximation says of one coverage in 10,000 that it has a chance of 1e-6."""
    rng = np.random.default_rng(8)
    chances = np.concatenate(
        [
            coverages(
                Batch(rng.standard_exponential((500, 300))),
                Batch(rng.standard_exponential((500, 2, 200))),
                level=0.9,
            ).chances
            for _ in range(8)
        ]
    )
    for level in (0.1, 0.01, 0.001):
        count = level * chances.size
        assert abs(np.sum(chances <= level) - count) < 4 * np.sqrt(count) + 0.1 * count


def test_chances_of_an_sd_are_right_for_heavy_tails() -> None:
    """Each set with its own kurtosis is three errors off three times as often as it should be."""
    rng = np.random.default_rng(9)
    found = errors_by_sd(
        Batch(np.exp(0.8 * rng.standard_normal((960, 500)))),
        Batch(np.exp(0.8 * rng.standard_normal((960, 2000)))),
    )
    level = 2 * norm.sf(3)
    expected = level * 960
    by_own = np.sum(np.abs(found.log_sd_ratio) > 3 * found.log_sd_ratio_mcse)
    assert by_own > expected + 3.5 * np.sqrt(expected)
    n_significant = np.sum(found.log_sd_ratio_chance < level)
    assert n_significant < expected + 3 * np.sqrt(expected)

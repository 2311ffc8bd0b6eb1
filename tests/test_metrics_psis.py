"""k-hat of proposals whose tail index is known, and the moments that the weights give."""

import numpy as np
import pytest
from scipy.stats import norm, t

from harness.errors import HarnessError
from harness.metrics.psis import k_hat_threshold, psis, psis_moments

# Over replicates of 4,000 draws k-hat has an sd of about 0.12; 20 of them average it out.
N_DRAWS, N_REPLICATES = 4000, 20


@pytest.mark.parametrize(
    ("n_draws", "threshold"), [(10, 0.0), (100, 0.5), (1000, 2 / 3), (2155, 0.7), (100_000, 0.7)]
)
def test_threshold(n_draws: int, threshold: float) -> None:
    assert k_hat_threshold(n_draws) == pytest.approx(threshold)


@pytest.mark.parametrize("k", [0.2, 0.5, 0.8])
def test_k_hat_of_exact_pareto_weights(k: float) -> None:
    """Weights exp(k E), E standard exponential, are Pareto of shape k."""
    rng = np.random.default_rng(1)
    found = [psis(k * rng.exponential(size=N_DRAWS)).k_hat for _ in range(N_REPLICATES)]
    # a prior worth 10 tail draws pulls the estimate towards 0.5
    n_tail = 3 * np.sqrt(N_DRAWS)
    expected = (n_tail * k + 10 * 0.5) / (n_tail + 10)
    assert np.mean(found) == pytest.approx(expected, abs=4 * 0.12 / np.sqrt(N_REPLICATES))


def test_k_hat_of_a_gaussian_that_is_too_narrow_grows_as_theory_says() -> None:
    """For N(0, s) against N(0, 1) the tail index tends to 1 - s^2: past the limit below 0.55."""
    rng = np.random.default_rng(2)
    mean_k = {}
    for s in (0.4, 0.6, 0.9):
        draws = s * rng.standard_normal((N_REPLICATES, N_DRAWS))
        log_weight = norm.logpdf(draws) - norm.logpdf(draws, scale=s)
        mean_k[s] = np.mean([psis(row).k_hat for row in log_weight])
        assert mean_k[s] == pytest.approx(1 - s**2, abs=0.15)
    assert mean_k[0.4] > 0.7 > mean_k[0.6]


def test_a_wider_proposal_has_bounded_weights() -> None:
    """Bounded weights: k at most 0. Their sign matters: the reverse weights fail."""
    draws = t.rvs(5, size=N_DRAWS, random_state=np.random.default_rng(3))
    log_weight = norm.logpdf(draws) - t.logpdf(draws, 5)
    assert psis(log_weight).k_hat < 0.2
    assert psis(-log_weight).k_hat > 0.7


def test_weighted_moments_of_a_shifted_proposal() -> None:
    rng = np.random.default_rng(4)
    draws = np.column_stack([0.5 + 1.2 * rng.standard_normal(N_DRAWS), np.full(N_DRAWS, 2.0)])
    log_weight = norm.logpdf(draws[:, 0]) - norm.logpdf(draws[:, 0], 0.5, 1.2) + 123.0
    smoothed = psis(log_weight)
    moments = psis_moments(draws, weights=smoothed.weights)
    assert smoothed.weights.sum() == pytest.approx(1.0)
    assert abs(moments.mean[0]) < 4 * moments.mean_mcse[0]
    assert moments.sd[0] == pytest.approx(1.0, abs=0.05)
    assert (moments.mean[1], moments.mean_mcse[1], moments.sd[1]) == pytest.approx((2, 0, 0))
    # E[w]^2 / E[w^2] by quadrature
    x = np.linspace(-12, 12, 20_001)
    second = np.trapezoid(norm.pdf(x) ** 2 / norm.pdf(x, 0.5, 1.2), x)
    assert smoothed.n_effective == pytest.approx(N_DRAWS / second, rel=0.05)


def test_mcse_of_the_weighted_mean_is_its_spread() -> None:
    rng = np.random.default_rng(5)
    scores = []
    for _ in range(200):
        draws = 0.8 * rng.standard_normal((1000, 1)) + 0.3
        log_weight = (norm.logpdf(draws) - norm.logpdf(draws, 0.3, 0.8))[:, 0]
        moments = psis_moments(draws, weights=psis(log_weight).weights)
        scores.append(moments.mean[0] / moments.mean_mcse[0])
    assert np.std(scores) == pytest.approx(1.0, abs=0.25)


def test_a_constant_and_the_order_of_the_draws_do_not_matter() -> None:
    log_weight = np.random.default_rng(6).exponential(0.4, size=1000)
    shuffled = np.random.default_rng(7).permutation(1000)
    first, again = psis(log_weight), psis(log_weight[shuffled] - 1e4)
    assert again.k_hat == pytest.approx(first.k_hat)
    np.testing.assert_allclose(again.weights, first.weights[shuffled], rtol=1e-9)


def test_equal_weights_are_exact() -> None:
    noise = 1e-12 * np.random.default_rng(8).standard_normal(500)
    exact = psis(-7.0 + noise)
    assert exact.k_hat == 0.0
    assert exact.n_effective == pytest.approx(500)


def test_weights_that_are_not_finite() -> None:
    log_weight = np.random.default_rng(9).exponential(0.3, size=1000)
    outside = log_weight.copy()
    outside[:600] = -np.inf
    kept = psis(outside)
    assert np.isfinite(kept.k_hat)
    assert (kept.n_zero, kept.n_invalid) == (600, 0)
    assert np.all(kept.weights[:600] == 0)
    few = outside.copy()
    few[:950] = -np.inf
    assert np.isnan(psis(few).k_hat)
    assert np.isnan(psis(np.full(100, -np.inf)).k_hat)
    log_weight[3] = np.inf
    assert psis(log_weight).k_hat == np.inf
    assert psis(log_weight).n_invalid == 1
    log_weight[4] = np.nan
    assert np.isnan(psis(log_weight).k_hat)
    assert np.isnan(psis(log_weight).n_effective)
    assert psis(log_weight).n_invalid == 2


def test_too_few_draws() -> None:
    assert np.isnan(psis(np.arange(24.0) / 10).k_hat)
    with pytest.raises(HarnessError, match="n_draws"):
        psis(np.zeros((4, 100)))
    with pytest.raises(HarnessError, match="weight"):
        psis_moments(np.zeros((10, 2)), weights=np.ones(9))


@pytest.mark.parametrize("noise", [0.0, 1e-12])
def test_weights_of_two_sizes_have_no_tail(noise: float) -> None:
    """As those of a mixture's draws whose components were drawn too often and too seldom."""
    rng = np.random.default_rng(5)
    log_weight = np.where(rng.random(1000) < 0.8, 0.2, -2.0) + noise * rng.standard_normal(1000)
    found = psis(log_weight)
    assert found.k_hat == 0
    expected = np.exp(log_weight) / np.exp(log_weight).sum()
    np.testing.assert_allclose(found.weights, expected, rtol=1e-9)

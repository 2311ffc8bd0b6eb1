"""Monte Carlo errors of a mean, an sd and a quantile, for independent draws and for chains."""

import numpy as np
import pytest
from scipy.stats import norm

from harness.errors import HarnessError
from harness.metrics.draws import array_stats, flatten, scalar_draws, vector_draws
from harness.metrics.standard_errors import mean_mcse, quantile_ess, quantile_mcse, sd_mcse


def autoregressive(phi: float, *, n_chains: int, n_draws: int, seed: int) -> np.ndarray:
    """Stationary AR(1) chains of unit variance; the mean has ESS n (1 - phi) / (1 + phi)."""
    rng = np.random.default_rng(seed)
    chains = np.empty((n_chains, n_draws))
    chains[:, 0] = rng.standard_normal(n_chains)
    for t in range(1, n_draws):
        noise = rng.standard_normal(n_chains)
        chains[:, t] = phi * chains[:, t - 1] + np.sqrt(1 - phi**2) * noise
    return chains


def test_independent_draws_have_the_textbook_errors() -> None:
    draws = 3 + 2 * np.random.default_rng(1).standard_normal(50_000)
    assert mean_mcse(draws) == pytest.approx(2 / np.sqrt(50_000), rel=0.02)
    assert sd_mcse(draws) == pytest.approx(2 / np.sqrt(2 * 50_000), rel=0.05)
    assert quantile_ess(draws, prob=0.05) == 50_000


def test_sd_error_grows_with_heavy_tails() -> None:
    draws = np.random.default_rng(2).laplace(size=100_000)  # kurtosis 6, variance 2
    assert sd_mcse(draws) == pytest.approx(np.sqrt(5 * 4 / 100_000) / (2 * 2**0.5), rel=0.08)


def test_chains_pay_for_their_autocorrelation() -> None:
    chains = autoregressive(0.8, n_chains=4, n_draws=10_000, seed=3)
    assert mean_mcse(chains) == pytest.approx(np.sqrt(9 / 40_000), rel=0.1)
    assert mean_mcse(chains) > 2.5 * mean_mcse(chains.ravel())
    # squares of an AR(1) are correlated by phi^2: ESS is n (1 - phi^2) / (1 + phi^2)
    assert sd_mcse(chains) == pytest.approx(np.sqrt(1.64 / 0.36 / 2 / 40_000), rel=0.15)
    assert quantile_ess(chains, prob=0.5) < 0.3 * chains.size


def test_quantile_error_of_a_normal() -> None:
    """sqrt(p (1 - p) / n) over the density at the quantile."""
    replicates = np.random.default_rng(11).standard_normal((50, 10_000))
    for prob in (0.05, 0.5, 0.95):
        density = norm.pdf(norm.ppf(prob))
        expected = (prob * (1 - prob) / 10_000) ** 0.5 / density
        found = [quantile_mcse(draws, prob=prob) for draws in replicates]
        assert np.mean(found) == pytest.approx(expected, rel=0.1)
    chains = replicates[0].reshape(4, -1)
    assert quantile_mcse(chains, prob=0.05) == pytest.approx(
        float(array_stats.mcse(chains, method="quantile", prob=0.05)), rel=0.1
    )


def test_constant_draws_have_no_error() -> None:
    for draws in (np.full(10, 0.1), np.full((2, 10), 0.1)):
        assert mean_mcse(draws) == 0.0
        assert sd_mcse(draws) == 0.0
        assert quantile_ess(draws, prob=0.5) == draws.size


def test_flatten_joins_chains_and_leaves_independent_draws() -> None:
    chains = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(flatten(chains), np.arange(24.0).reshape(8, 3))
    np.testing.assert_array_equal(flatten(chains[0]), chains[0])


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 2, 2, 5), (2, 3)])
def test_wrong_shapes_of_one_quantity_are_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(HarnessError, match="draws"):
        scalar_draws(np.zeros(shape), name="draws")


def test_wrong_draws_of_several_quantities_are_told() -> None:
    with pytest.raises(HarnessError, match=r"\(n_draws, d\)"):
        vector_draws(np.zeros(5), name="reference")
    with pytest.raises(HarnessError, match="holds 2 values"):
        vector_draws(np.array([[0, np.nan], [np.inf, 1], [1, 1], [2, 2]]), name="reference")

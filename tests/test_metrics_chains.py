"""Chain diagnostics: known values, and unknown where a diagnostic is not defined."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.metrics import chains


def test_independent_chains_are_converged_and_worth_their_length() -> None:
    draws = np.random.default_rng(1).standard_normal((4, 2000))
    assert chains.r_hat(draws) == pytest.approx(1.0, abs=0.005)
    assert chains.ess_bulk(draws) == pytest.approx(8000, rel=0.1)
    assert chains.ess_tail(draws) == pytest.approx(8000, rel=0.15)
    assert chains.mcse_mean(draws) == pytest.approx(1 / np.sqrt(8000), rel=0.1)
    assert chains.mcse_sd(draws) == pytest.approx(1 / np.sqrt(16_000), rel=0.1)


def test_two_modes_give_the_r_hat_of_their_variances() -> None:
    """Rank-normalised draws of two separate halves: between and within follow from the normal."""
    modes = np.array([[0], [0], [100], [100]])
    draws = modes + np.random.default_rng(2).standard_normal((4, 5000))
    # the halves of a normal have mean +-sqrt(2/pi) and variance 1 - 2/pi; 8 split chains
    between, within = 8 / 7 * 2 / np.pi, 1 - 2 / np.pi
    assert chains.r_hat(draws) == pytest.approx(np.sqrt(1 + between / within), rel=0.01)


def test_r_hat_sees_a_trend_and_a_scale_within_chains() -> None:
    rng = np.random.default_rng(3)
    trend = rng.standard_normal((4, 1000)) + np.linspace(-1, 1, 1000)
    scale = rng.standard_normal((4, 1000)) * [[1], [1], [1], [3]]
    assert chains.r_hat(trend) > 1.1
    assert chains.r_hat(scale) > 1.05


def test_ess_of_an_autoregression() -> None:
    rng, phi = np.random.default_rng(4), 0.6
    draws = rng.standard_normal((4, 5000))
    for t in range(1, 5000):
        draws[:, t] = phi * draws[:, t - 1] + np.sqrt(1 - phi**2) * draws[:, t]
    assert chains.ess_bulk(draws) == pytest.approx(20_000 * 0.4 / 1.6, rel=0.1)
    assert chains.mcse_mean(draws) == pytest.approx(np.sqrt(4 / 20_000), rel=0.1)


def test_e_bfmi_of_independent_energies_is_two_and_of_a_slow_walk_small() -> None:
    rng = np.random.default_rng(5)
    independent = rng.standard_normal(20_000)
    walk = np.cumsum(rng.standard_normal(20_000))
    fast, slow = chains.e_bfmi(np.stack([independent, walk]))
    assert fast == pytest.approx(2.0, rel=0.03)
    assert slow < 0.01


def test_undefined_diagnostics_are_unknown() -> None:
    constant, one_chain = np.ones((4, 100)), np.random.default_rng(6).standard_normal((1, 100))
    with_nan = np.ones((2, 10))
    with_nan[0, 3] = np.nan
    assert np.isnan(chains.r_hat(one_chain))
    assert np.isfinite(chains.ess_bulk(one_chain))
    for bad in (constant, with_nan, one_chain[:, :3]):
        for diagnostic in (chains.r_hat, chains.ess_bulk, chains.ess_tail):
            assert np.isnan(diagnostic(bad))
        assert np.isnan(chains.mcse_mean(bad))
        assert np.isnan(chains.mcse_sd(bad))
        assert np.all(np.isnan(chains.e_bfmi(bad)))


def test_chains_stuck_at_different_values_have_not_converged() -> None:
    assert chains.r_hat(np.repeat([[1.0], [2.0]], 50, axis=1)) == np.inf


def test_independent_draws_are_no_chains() -> None:
    with pytest.raises(HarnessError, match="chain, draw"):
        chains.r_hat(np.zeros(100))

"""Stability over replicate fits: known variance components, and a moving subsample centre."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.metrics.stability import run_stability


def test_variance_components_are_recovered() -> None:
    rng = np.random.default_rng(1)
    runs = 3 * rng.standard_normal((200, 1)) + 2 * rng.standard_normal((200, 500))
    found = run_stability(runs)
    assert found.n_runs == 200
    assert found.within_variance == pytest.approx(4, rel=0.02)
    assert found.between_variance == pytest.approx(9, rel=4 * np.sqrt(2 / 199))
    assert found.between_sd_ratio == pytest.approx(1.5, abs=4 * found.between_sd_ratio_se)


def test_agreeing_runs_show_no_spread_on_average() -> None:
    """The draws' own error, 1 / n_draws here, must not count as spread between runs."""
    rng = np.random.default_rng(2)
    found = [run_stability(rng.standard_normal((50, 20))).between_variance for _ in range(50)]
    assert np.mean(found) < 0.5 / 20


def test_r_hat_across_runs_follows_from_the_components() -> None:
    draws = np.random.default_rng(3).standard_normal((2, 20_000))
    apart = run_stability(draws + np.array([[0.0], [0.5]]))
    # two runs half an sd apart: B = 1/8, over four split chains 1/12
    assert apart.between_variance == pytest.approx(0.125, rel=0.1)
    assert apart.r_hat_runs == pytest.approx(np.sqrt(1 + 1 / 12), abs=0.004)


def test_subsample_posteriors_move_by_root_n_over_m_minus_one() -> None:
    """Gaussian mean, N rows, m of them at weight N / m: the full width, another centre."""
    rng, n_rows, m = np.random.default_rng(4), 2000, 200
    rows = rng.standard_normal(n_rows)
    rows /= rows.std()
    centres = [rng.choice(rows, size=m, replace=False).mean() for _ in range(400)]
    width = 1 / np.sqrt(n_rows)
    runs = np.array(centres)[:, None] + width * rng.standard_normal((400, 400))
    found = run_stability(runs)
    assert np.sqrt(found.within_variance) == pytest.approx(width, rel=0.01)
    expected = np.sqrt(n_rows / m - 1)
    assert found.between_sd_ratio == pytest.approx(expected, abs=4 * found.between_sd_ratio_se)


def test_constant_runs_are_unknown() -> None:
    found = run_stability(np.repeat([[1.0], [2.0]], 10, axis=1))
    assert found.between_variance == 0.5
    assert np.isnan(found.between_sd_ratio)


def test_one_run_is_no_replicate() -> None:
    for one in (np.zeros(10), np.zeros((1, 10))):
        with pytest.raises(HarnessError, match="two runs"):
            run_stability(one)

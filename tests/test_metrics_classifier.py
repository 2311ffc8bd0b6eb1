"""Classifier two-sample test: known optimal accuracies, and the null band."""

import numpy as np
import pytest
from scipy.stats import norm

from harness.errors import HarnessError
from harness.metrics.classifier import classifier_two_sample_test


def test_equal_distributions_stay_in_the_null_band() -> None:
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(10):
        x, r = rng.standard_normal((2, 300, 2))
        found = classifier_two_sample_test(x, reference=r, rng=rng)
        assert found.null_upper - 0.5 == pytest.approx(1.96 / (2 * np.sqrt(600)), rel=1e-3)
        inside.append(found.null_lower < found.accuracy < found.null_upper)
    # 95% nominal, a little less for folds that share training draws
    assert sum(inside) >= 7


def test_accuracy_of_a_shift_is_near_its_optimum() -> None:
    """The best classifier of N(0, 1) and N(delta, 1) is right with probability Phi(delta / 2)."""
    rng = np.random.default_rng(2)
    x, r = 2 + rng.standard_normal((1500, 1)), rng.standard_normal((1500, 1))
    found = classifier_two_sample_test(x, reference=r, rng=rng)
    best = norm.cdf(1)
    assert best - 0.05 < found.accuracy < best + 4 * found.mcse


def test_a_missing_correlation_is_found() -> None:
    rng = np.random.default_rng(3)
    r = rng.standard_normal((800, 2)) @ np.array([[1, 0.9], [0, np.sqrt(0.19)]])
    x = rng.standard_normal((2, 400, 2))
    found = classifier_two_sample_test(x, reference=r, rng=rng)
    assert found.accuracy > 0.68
    assert found.n_draws == 800


def test_the_seed_decides_and_draws_are_capped() -> None:
    rng = np.random.default_rng(4)
    x, r = rng.standard_normal((400, 2)), rng.standard_normal((300, 2))
    results = [
        classifier_two_sample_test(x, reference=r, rng=np.random.default_rng(seed), max_draws=100)
        for seed in (5, 5, 6)
    ]
    assert results[0] == results[1]
    assert results[0] != results[2]
    assert results[0].n_draws == 100


def test_differences_that_do_no_harm_do_not_add_up_over_parameters() -> None:
    """All coordinates together would tell sds of 0.9 apart with an accuracy of 0.70."""
    rng = np.random.default_rng(8)
    x, r = 0.9 * rng.standard_normal((1000, 50)), rng.standard_normal((1000, 50))
    found = classifier_two_sample_test(x, reference=r, rng=rng, max_draws=500)
    assert found.accuracy < 0.6


def test_too_few_draws_are_told() -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(HarnessError, match="5 folds"):
        classifier_two_sample_test(
            rng.standard_normal((4, 1)), reference=rng.standard_normal((9, 1)), rng=rng
        )

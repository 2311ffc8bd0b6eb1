"""Heavy tails in joint rules: exact draws are within limits, and what is inside still counts."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kurtosis
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.metrics.joint import JointComparison, compare_joint
from harness.metrics.tail_limits import TailLimits
from harness.verdict.rules import SD_LIMIT_LOG

Floats = NDArray[np.float64]
LIMIT = 2 * SD_LIMIT_LOG


def compared(draws: Floats, reference: Floats) -> JointComparison:
    with threadpool_limits(limits=1):
        return compare_joint(
            draws, reference=reference, rng=np.random.default_rng(1), max_draws=100
        )


@pytest.mark.parametrize("degrees", [1, 2])
def test_exact_draws_with_heavy_tails_are_within_the_limits(degrees: int) -> None:
    """Without limits to their tails most of them were past one, whatever the kurtosis said."""
    for seed in range(3):
        rng = np.random.default_rng([seed, degrees])
        found = compared(
            rng.standard_t(degrees, size=(4, 1000, 10)), rng.standard_t(degrees, size=(4, 2000, 10))
        )
        for edge in ("low", "high"):
            value = getattr(found, f"log_eigenvalue_{edge}")
            assert abs(value) + 2 * getattr(found, f"log_eigenvalue_{edge}_mcse") < LIMIT
        assert found.mahalanobis + 2 * found.mahalanobis_mcse < 0.6


def test_a_long_tail_on_one_side_leaves_small_errors() -> None:
    """Up to the 99% quantile of a half-Cauchy the kurtosis is large still, and all was in doubt."""
    errors = []
    for seed in range(6):
        rng = np.random.default_rng([seed, 5])
        draws, reference = (np.abs(rng.standard_t(1, size=(n, 2))) for n in (1000, 4000))
        found = compared(draws, reference)
        errors += [found.log_eigenvalue_low_mcse, found.log_eigenvalue_high_mcse]
        assert found.mahalanobis + 2 * found.mahalanobis_mcse < 0.6
    assert max(errors) < LIMIT / 3


def test_a_fault_within_heavy_tails_is_seen() -> None:
    rng = np.random.default_rng(3)
    draws, reference = rng.standard_t(2, size=(4000, 5)), rng.standard_t(2, size=(8000, 5))
    draws[:, 1] = draws[:, 0]  # each marginal is right
    found = compared(draws, reference)
    assert found.log_eigenvalue_low < -LIMIT - 2 * found.log_eigenvalue_low_mcse


def test_light_tails_have_no_limits() -> None:
    rng = np.random.default_rng(4)
    reference = rng.standard_normal((500, 3))
    reference[:, 1] = rng.standard_t(1, size=500)
    limits = TailLimits(reference)
    draws = 100 * rng.standard_normal((4, 50, 3))
    cut = limits.within(draws)
    np.testing.assert_array_equal(cut[..., [0, 2]], draws[..., [0, 2]])
    low, high = next(  # the outermost within which the kurtosis is no longer large
        ends
        for ends in (np.quantile(reference[:, 1], [p, 1 - p]) for p in (0.01, 0.05, 0.1))
        if kurtosis(np.clip(reference[:, 1], *ends), fisher=False) <= 9
    )
    np.testing.assert_array_equal(cut[..., 1], np.clip(draws[..., 1], low, high))
    light = draws[..., :2]
    assert TailLimits(reference[:, [0, 2]]).within(light) is light

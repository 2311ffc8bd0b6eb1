"""Kernel Stein discrepancy: closed forms, quadrature, and zero for exact draws."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.metrics.stein import kernel_stein_discrepancy


def test_draws_at_one_point_have_the_closed_diagonal() -> None:
    """k_0(x, x) = c^(2 beta) (|g|^2 - 2 beta d / c^2)."""
    x = np.tile([1.0, -2.0, 0.5], (6, 1))
    found = kernel_stein_discrepancy(x, gradients=-x, offset=2.0, exponent=-0.3)
    expected = np.sqrt(2.0**-0.6 * (5.25 + 0.6 * 3 / 4))
    assert found.ksd == pytest.approx(expected)
    assert found.ksd_null == pytest.approx(expected / np.sqrt(6))


def test_two_points_against_derivatives_by_finite_differences() -> None:
    rng = np.random.default_rng(1)
    x, y, g_x, g_y = rng.standard_normal((4, 2))

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((1 + np.sum((a - b) ** 2)) ** -0.5)

    step = 1e-4 * np.eye(2)
    d_x = [(kernel(x + e, y) - kernel(x - e, y)) / 2e-4 for e in step]
    d_y = [(kernel(x, y + e) - kernel(x, y - e)) / 2e-4 for e in step]
    trace = sum(
        kernel(x + e, y + e) - kernel(x + e, y - e) - kernel(x - e, y + e) + kernel(x - e, y - e)
        for e in step
    ) / (4e-8)
    pair = trace + g_x @ d_y + g_y @ d_x + kernel(x, y) * (g_x @ g_y)
    diagonal = [g @ g + 2 for g in (g_x, g_y)]
    # each point twice: at least four draws are needed
    found = kernel_stein_discrepancy(np.array([x, y, x, y]), gradients=np.array([g_x, g_y] * 2))
    assert found.ksd**2 == pytest.approx((sum(diagonal) + 2 * pair) / 4, rel=1e-5)


def test_shifted_gaussian_against_quadrature() -> None:
    """Draws of N(delta, 1), target N(0, 1): E k_0 over pairs is delta^2 E k, by Stein."""
    delta, n = 0.8, 4000
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    mean_kernel = weights @ (1 + 2 * nodes**2) ** -0.5 / weights.sum()
    x = delta + np.random.default_rng(2).standard_normal((n, 1))
    found = kernel_stein_discrepancy(x, gradients=-x)
    expected = np.sqrt(delta**2 * mean_kernel + found.ksd_null**2)
    assert found.ksd == pytest.approx(expected, rel=0.06)


def test_exact_draws_tend_to_zero_at_the_null_rate() -> None:
    rng = np.random.default_rng(3)
    squares = {}
    for n in (100, 1600):
        found = []
        for _ in range(40 if n == 100 else 5):
            x = rng.standard_normal((n, 2))
            result = kernel_stein_discrepancy(x, gradients=-x)
            found.append(result.ksd / result.ksd_null)
            assert result.ksd < 3 * result.ksd_null
        squares[n] = np.mean(np.square(found))
        assert result.ksd_null == pytest.approx(np.sqrt(4 / n), rel=0.25)
    assert squares[100] == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_wrong_width_is_seen(factor: float) -> None:
    x = factor * np.random.default_rng(4).standard_normal((1000, 2))
    found = kernel_stein_discrepancy(x, gradients=-x)
    assert found.ksd > 3 * found.ksd_null


def test_units_order_and_block_boundaries_do_not_matter() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((1100, 2))
    units, shuffled = np.array([10.0, 0.01]), rng.permutation(1100)
    first = kernel_stein_discrepancy(x, gradients=-x)
    again = kernel_stein_discrepancy(
        (x * units)[shuffled], gradients=(-x / units)[shuffled], scale=units
    )
    assert again.ksd == pytest.approx(first.ksd)
    assert again.ksd_null == pytest.approx(first.ksd_null)


def test_bad_input_is_told() -> None:
    x = np.random.default_rng(6).standard_normal((10, 2))
    with pytest.raises(HarnessError, match="gradients"):
        kernel_stein_discrepancy(x, gradients=x[:9])
    with pytest.raises(HarnessError, match="not finite"):
        kernel_stein_discrepancy(x, gradients=np.where(x > 0, np.nan, x))
    with pytest.raises(HarnessError, match="exponent"):
        kernel_stein_discrepancy(x, gradients=x, exponent=0.5)

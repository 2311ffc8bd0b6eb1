"""The test of uniform ranks: exact in cases counted by hand, and the same as its band."""

import numpy as np
import pytest

from harness.metrics.rank_shape import rank_shape
from harness.metrics.uniformity import uniform_band, uniformity_test


@pytest.mark.parametrize(
    ("numbers", "p_value"),
    [
        ([0.2, 0.3], 0.5),  # both in one half, or both in the other
        ([0.2, 0.7], 1.0),
        ([0.1, 0.1, 0.1], 2 / 27),  # all within the first third, or all within the last
    ],
)
def test_p_values_are_those_counted_by_hand(numbers: list[float], p_value: float) -> None:
    assert uniformity_test(numbers).p_value == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize("n_numbers", [20, 60, 300])
def test_numbers_leave_the_band_exactly_if_their_p_value_is_small(n_numbers: int) -> None:
    rng = np.random.default_rng(1)
    band = uniform_band(n_numbers, level=0.95)
    shapes = [rng.beta(a, b, size=n_numbers) for a in (0.7, 1, 1.4) for b in (0.7, 1, 1.4)]
    found = [uniformity_test(numbers) for numbers in shapes]
    is_outside = [test.excess(band) > 0 for test in found]
    assert is_outside == [test.p_value <= 0.05 for test in found]
    assert len(set(is_outside)) == 2


def test_p_values_of_uniform_numbers_are_as_often_small_as_they_say() -> None:
    rng = np.random.default_rng(2)
    p_values = np.array([uniformity_test(rng.random(60)).p_value for _ in range(400)])
    for level in (0.05, 0.2, 0.5):
        assert abs((p_values <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 400)


@pytest.mark.parametrize(("bias", "width"), [(0.0, 0.5), (0.0, 2.0), (-1.0, 1.0), (1.0, 0.5)])
def test_width_and_bias_are_told_apart(bias: float, width: float) -> None:
    rng = np.random.default_rng(3)
    truth = rng.standard_normal(400)
    draws = bias + width * rng.standard_normal((400, 99))
    shape = rank_shape((draws < truth[:, None]).sum(axis=1), np.full(400, 99))
    assert abs(np.log(shape.width_ratio / width)) < 4 / np.sqrt(2 * 400)
    assert abs(shape.bias - bias) < 4 / np.sqrt(400)
    assert (shape.width_p < 1e-6) is (width != 1)
    assert (shape.bias_p < 1e-6) is (bias != 0)


def test_true_values_beyond_all_draws_tell_the_side_and_no_width() -> None:
    shape = rank_shape(np.zeros(50, dtype=int), np.full(50, 99))
    assert shape.bias == np.inf
    assert np.isnan(shape.width_ratio)
    assert shape.width_p > 0.9
    assert shape.bias_p < 1e-9

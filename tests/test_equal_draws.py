"""Draws that were resampled: which are equal, and what they are worth."""

import numpy as np
import pytest

from harness.metrics.equal_draws import groups_of, mean_group


def test_equal_draws_have_one_number() -> None:
    draws = np.random.default_rng(1).standard_normal((5, 3))
    taken = np.array([0, 3, 3, 1, 0, 3, 4])
    groups = groups_of(draws[taken])
    np.testing.assert_array_equal(groups[:, None] == groups, taken[:, None] == taken)


@pytest.mark.parametrize(("counts", "mean"), [([1, 1, 1, 1], 1.0), ([4], 4.0), ([3, 1, 2], 14 / 6)])
def test_a_draw_has_so_many_equals(counts: list[int], mean: float) -> None:
    draws = np.repeat(np.random.default_rng(2).standard_normal((len(counts), 2)), counts, axis=0)
    assert mean_group(draws) == pytest.approx(mean, rel=1e-15)

"""Tails of many quantities against the library that fits one at a time."""

import numpy as np
import pytest

from harness.metrics.draws import Floats, tail_shape
from harness.metrics.psis import psis, weighted_tail_shapes
from harness.metrics.tails import tail_shapes


def samples(n_draws: int) -> Floats:
    """Tails of several kinds, one after the other."""
    rng = np.random.default_rng(n_draws)
    normal = rng.standard_normal((5, n_draws))
    few_values = np.where(np.arange(n_draws) < n_draws - 2, 0.0, normal[0])
    return np.vstack(
        [
            *(normal, rng.standard_t(1.5, (5, n_draws)), rng.exponential(size=(5, n_draws)) ** 4),
            *(rng.uniform(size=(2, n_draws)), np.exp(60 * normal[:2]), 1e-200 * normal[:2]),
            *(few_values, np.full(n_draws, 3.0)),
        ]
    )


@pytest.mark.parametrize("tail", ["both", "right"])
@pytest.mark.parametrize("n_draws", [25, 60, 225, 226, 1000, 4001])
def test_shapes_are_the_librarys(n_draws: int, tail: str) -> None:
    rows = samples(n_draws)
    found = tail_shapes(rows, both=tail == "both")
    expected = [tail_shape(row[None], tail=tail) for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    alone = [tail_shapes(row[None], both=tail == "both")[0] for row in rows]
    np.testing.assert_array_equal(found, alone)
    assert n_draws == 25 or 10 < np.isfinite(found).sum() < len(rows)


def test_a_tail_of_one_value_has_no_shape() -> None:
    """Whichever side it is on."""
    tied = np.maximum(np.random.default_rng(1).standard_normal((1, 1000)), 0.0)
    assert np.isfinite(tail_shapes(tied, both=False)).all()
    for draws in (tied, -tied):
        assert np.isnan(tail_shapes(draws, both=True)).all()


def test_tails_of_weighted_draws_are_those_of_their_products() -> None:
    rng = np.random.default_rng(2)
    draws, weights = rng.standard_normal((3, 1000)), psis(rng.exponential(size=1000)).weights
    of_mean, of_sd = weighted_tail_shapes(draws, weights=weights)
    for j, row in enumerate(draws):
        away = row - weights @ row
        assert of_mean[j] == pytest.approx(tail_shape((weights * away)[None]), abs=1e-9)
        sd = tail_shape((weights * away**2)[None], tail="right")
        assert of_sd[j] == pytest.approx(sd, abs=1e-9)

"""Draws that were given twice, in whatever order, agree with themselves."""

import numpy as np
import pytest

import harness
from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.given.twins import columns_of, shared_part

RNG = np.random.default_rng(1)
ONE = RNG.normal(size=(1000, 2))


@pytest.mark.parametrize(
    ("twin", "part"),
    [
        (ONE, 1.0),
        (ONE[::-1], 1.0),
        (RNG.permutation(ONE), 1.0),
        (np.roll(ONE, 3, axis=0), 1.0),
        (ONE[::4], 1.0),
        (np.concatenate([ONE[500:], RNG.normal(size=(500, 2))]), 0.5),
        (np.repeat(ONE, 3, axis=0), 1.0),
    ],
)
def test_the_same_draws_are_found_in_any_order(twin: FloatArray, part: float) -> None:
    assert shared_part(ONE, twin) == shared_part(twin, ONE) == part


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 4, 5, 6])
def test_rounded_and_discrete_draws_share_values_by_chance(digits: int) -> None:
    chains = np.round(np.random.default_rng(2).normal(size=(10, 1000, 1)), digits)
    assert not any(shared_part(chains[0], chain) for chain in chains[1:])
    counts = np.random.default_rng(3).poisson(10.0**digits / 10, size=(2, 1000, 1)).astype(float)
    assert not shared_part(*counts)


def test_a_chain_that_stays_where_it_is_has_each_draw_once() -> None:
    stays = np.repeat(ONE[:100], RNG.integers(1, 20, 100), axis=0)
    other = np.repeat(RNG.normal(size=(100, 2)), 10, axis=0)
    assert shared_part(stays, ONE[:100]) == 1.0
    assert not shared_part(stays, other)


def test_quantities_that_do_not_vary_tell_nothing() -> None:
    assert columns_of([np.ones((2, 5)), np.ones((2, 5, 3))]).size == 0
    assert columns_of([np.ones((2, 5)), np.arange(10.0).reshape(2, 5)]).shape == (2, 5, 1)


def test_a_chain_in_another_order_is_not_judged_as_another_chain() -> None:
    stuck = np.stack([RNG.permutation(ONE) for _ in range(4)])
    with pytest.raises(DrawsError, match="100%"):
        harness.judge({"x": stuck})


def test_a_part_of_the_reference_is_not_compared_with_it() -> None:
    reference = RNG.normal(size=(4, 1000, 2))
    with pytest.raises(DrawsError, match="100%"):
        harness.judge({"x": reference[:2, ::2]}, reference={"x": reference})

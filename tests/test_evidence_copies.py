"""Modes that chains of many parameters lack, without a Hessian."""

import numpy as np
import pytest

from harness.data.dataset import FloatArray
from harness.evidence.copies import missed_by_copies
from harness.evidence.missed import Missed
from harness.methods.metered import Metered
from harness.summary.visited import lacking_mode
from tests.known_targets import KnownTarget, funnel, gaussian, student, two_modes

D = 1200


def chains(*shape: int) -> FloatArray:
    return np.random.default_rng(2).normal(size=shape)


def missed(target: KnownTarget, draws: FloatArray, seed: int = 1) -> Missed:
    return missed_by_copies(draws, Metered(target), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("d", [2, 50, D])
def test_the_mass_of_a_mode_is_that_of_the_draws_moved_there(d: int, seed: int) -> None:
    lost = missed(two_modes(d, 0.3, 10.0), chains(4, 100, d), seed)
    spread = np.sqrt(1 + 0.21 * 100)
    assert lost.share == pytest.approx(0.3, rel=0.01)
    assert lost.mean_error_sd == pytest.approx(0.3 * 10 / spread, rel=0.1)
    assert lost.log_sd_ratio == pytest.approx(np.log(spread), rel=0.1)


def test_chains_of_too_many_parameters_for_a_search_lack_a_mode_too() -> None:
    target = Metered(two_modes(D, 0.4, 5.0))
    assert "40%" in lacking_mode(chains(4, 100, D), target, seed=1)


def test_draws_that_lack_nothing_are_left_alone() -> None:
    both = chains(4, 100, D)
    both[2:] += 20.0
    assert missed(two_modes(D, 0.3, 20.0), both) == Missed()
    assert missed(gaussian(np.zeros(50), np.eye(50)), chains(4, 100, 50)) == Missed()
    small = missed(two_modes(50, 1e-6, 20.0), chains(4, 100, 50))
    assert small.log_sd_ratio < 0.01
    heavy = chains(4, 100, 20) / np.sqrt(np.random.default_rng(3).gamma(1, 1, (4, 100, 1)))
    assert missed(student(20, 2.0), heavy) == Missed()
    neck = np.random.default_rng(4).normal(size=(4, 100, 20))
    neck[..., 0] *= 3
    neck[..., 1:] *= np.exp(neck[..., :1] / 2)
    assert missed(funnel(20), neck).log_sd_ratio < 0.1

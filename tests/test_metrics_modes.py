"""Modes of a reference that a fit never visits."""

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.metrics.modes import missed_mass, valleys


def normal(n: int, seed: int, *, mean: float = 0.0) -> NDArray[np.float64]:
    return mean + np.random.default_rng(seed).standard_normal((n, 1))


def two_modes(weight: float, distance: float, seed: int, n: int = 4000) -> NDArray[np.float64]:
    """`weight` of the mass `distance` sds to the right of the rest."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 1)) + distance * (rng.random((n, 1)) < weight)


@pytest.mark.parametrize("weight", [0.05, 0.3, 0.5])
def test_a_missed_mode_is_found_with_its_mass(weight: float) -> None:
    reference = two_modes(weight, 8.0, seed=1)
    assert missed_mass(normal(1000, 2), reference=reference) == pytest.approx(weight, abs=0.02)


def test_a_visited_mode_is_not_missed_however_wrong_its_mass() -> None:
    reference = two_modes(0.5, 8.0, seed=1)
    assert missed_mass(two_modes(0.05, 8.0, seed=3), reference=reference) == 0


def test_a_mode_of_less_than_the_least_mass_does_not_count() -> None:
    reference = two_modes(0.005, 8.0, seed=1)
    assert missed_mass(normal(1000, 2), reference=reference) == 0


def test_too_few_draws_to_expect_any_there() -> None:
    reference = two_modes(0.05, 8.0, seed=1)
    assert missed_mass(normal(100, 2), reference=reference) == 0


@pytest.mark.parametrize("scale", [0.2, 1.0, 3.0])
def test_one_mode_is_never_missed_by_a_wrong_width(scale: float) -> None:
    assert missed_mass(scale * normal(1000, 2), reference=normal(4000, 1)) == 0


def test_skewed_and_heavy_tailed_references_have_one_mode() -> None:
    rng = np.random.default_rng(5)
    narrow = 0.5 + 0.01 * normal(1000, 2)
    for target in (rng.exponential(size=4000), rng.standard_t(3, size=4000), rng.random(4000)):
        assert missed_mass(narrow, reference=target[:, None]) == 0


def test_a_valley_lies_between_two_modes() -> None:
    (cut,) = valleys(two_modes(0.5, 8.0, seed=1)[:, 0])
    assert 3 < cut < 5


def test_the_middle_one_of_three_modes() -> None:
    rng = np.random.default_rng(7)
    centre = rng.choice([-10.0, 0.0, 10.0], size=(6000, 1))
    reference = centre + rng.standard_normal((6000, 1))
    outer = reference[np.abs(centre) > 5].reshape(-1, 1)
    assert missed_mass(outer, reference=reference) == pytest.approx(1 / 3, abs=0.02)


def test_a_constant_reference_has_no_valley() -> None:
    assert missed_mass(np.ones((50, 1)), reference=np.ones((50, 1))) == 0


def test_different_numbers_of_quantities_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"1 .* 2"):
        missed_mass(np.ones((50, 1)), reference=np.ones((50, 2)))

"""Relabelling: permuted draws of known labels, which get them back."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.fits.relabel import apply_permutation, by_first_coordinate


def test_permutation_is_applied_label_by_label() -> None:
    weights = np.array([[0.1, 0.2, 0.7]])
    permutation = np.array([[2, 0, 1]])
    np.testing.assert_array_equal(apply_permutation(weights, permutation), [[0.7, 0.1, 0.2]])


@pytest.mark.parametrize("lead", [(), (7,), (2, 5)])
def test_by_first_coordinate_orders_every_draw(lead: tuple[int, ...]) -> None:
    locations = np.random.default_rng(1).standard_normal((*lead, 4, 2))
    ordered = apply_permutation(locations, by_first_coordinate(locations))
    assert np.all(np.diff(ordered[..., 0], axis=-1) > 0)
    # whole components move: pairs of coordinates stay together
    np.testing.assert_array_equal(
        np.sort(ordered.prod(axis=-1), axis=-1), np.sort(locations.prod(axis=-1), axis=-1)
    )


def test_by_first_coordinate_keeps_the_raw_order_of_ties() -> None:
    locations = np.array([[[1.0, 5.0], [0.0, 6.0], [1.0, 4.0]]])
    np.testing.assert_array_equal(by_first_coordinate(locations), [[1, 0, 2]])


@pytest.mark.parametrize("n_components", [2, 3, 5])
def test_draws_whose_labels_were_shuffled_get_them_back(n_components: int) -> None:
    rng = np.random.default_rng(2)
    centres = 8.0 * np.column_stack([np.arange(n_components), np.cos(np.arange(n_components))])
    true = centres + 0.3 * rng.standard_normal((300, n_components, 2))
    shuffle = rng.permuted(np.tile(np.arange(n_components), (300, 1)), axis=1)
    assert len(np.unique(shuffle, axis=0)) > 1
    raw = apply_permutation(true, shuffle)
    np.testing.assert_array_equal(by_first_coordinate(raw), np.argsort(shuffle, axis=1))
    np.testing.assert_array_equal(apply_permutation(raw, by_first_coordinate(raw)), true)


def test_bad_input_is_told() -> None:
    with pytest.raises(HarnessError):
        by_first_coordinate(np.array([[[np.nan], [1.0]]]))
    with pytest.raises(HarnessError, match=r"\(4, 2\)"):
        apply_permutation(np.zeros((4, 2)), np.zeros((3, 2), dtype=np.intp))
